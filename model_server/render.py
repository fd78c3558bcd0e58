"""Lines of a chat to token ids and back: the one owner of the chat format, for serving and for training alike.

Pure over frozen data. Does not know where lines come from, what the persona is told (`persona`), or what is done with
the ids. A turn is all consecutive lines of one side, joined by newlines; owner and persona are the assistant side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from model_server.chat_format import ChatFormat, chat_format, encode_people
from model_server.contract import Line
from model_server.errors import PromptTooLong


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as ids; `loss_mask[i]` is true where `ids[i]` is the owner's: replies and what ends them.

    Words of the persona itself stand in it but are never learned.
    """

    ids: list[int]
    loss_mask: list[bool]


@dataclass(frozen=True, slots=True)
class _Turn:
    ours: bool
    learned: bool
    ids: tuple[int, ...]


def render_prompt(tokenizer: Any, card: str | None, lines: Sequence[Line], context_tokens: int) -> list[int]:
    """Ids that the reply to the last lines follows, at most `context_tokens` of them.

    The card is kept and the oldest turns are dropped; of the turn to answer, its oldest lines; of its last line, its
    oldest tokens. `card=None`: no system turn of ours. PromptTooLong when the card alone does not fit; ValueError when
    the last line is not the contact's.
    """
    form = chat_format(tokenizer)
    turns = _turns(tokenizer, lines)
    if not turns or turns[-1].ours:
        raise ValueError("a prompt ends with a line of the contact")
    while len(ids := _prompt(tokenizer, form, card, turns)) > context_tokens:
        if len(turns) > 1:
            turns = turns[1:]
            continue
        if lines := _sides(lines)[-1][1:]:
            turns = _turns(tokenizer, lines)
            continue
        (last,) = turns
        if not (tail := last.ids[len(ids) - context_tokens :]):
            raise PromptTooLong(
                f"the card makes a prompt of {len(ids) - len(last.ids)} tokens; the context holds {context_tokens}",
                "shorten the card in [owner] or raise context_tokens in [engine] of config.toml",
            )
        turns = [replace(last, ids=tail)]
    return ids


def render_conversation(tokenizer: Any, card: str | None, lines: Sequence[Line], max_tokens: int) -> Rendered:
    """A conversation to learn from, at most `max_tokens` long, ending with the owner's last reply.

    Every prompt that `render_prompt` makes of the lines before a reply is an exact prefix of it, as long as neither has
    to drop turns. The oldest turns are dropped first; a last exchange too long on its own is cut at its end. Empty when
    the owner says nothing.
    """
    form = chat_format(tokenizer)
    turns = _turns(tokenizer, lines)
    while turns and not turns[-1].learned:
        turns = turns[:-1]
    while True:
        rendered = _conversation(tokenizer, form, card, turns)
        if len(rendered.ids) <= max_tokens:
            return rendered
        if len(turns) <= 2:
            return Rendered(rendered.ids[:max_tokens], rendered.loss_mask[:max_tokens])
        turns = turns[1:]


def decode_reply(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of a generated reply: up to the first stop token, without special tokens and outer white space."""
    stops = chat_format(tokenizer).stop_ids
    length = next((at for at, token in enumerate(ids) if token in stops), len(ids))
    text: str = tokenizer.decode(list(ids[:length]), skip_special_tokens=True)
    return text.strip()


def stop_ids(tokenizer: Any) -> frozenset[int]:
    """The tokens that end a reply."""
    return chat_format(tokenizer).stop_ids


def _prompt(tokenizer: Any, form: ChatFormat, card: str | None, turns: Sequence[_Turn]) -> list[int]:
    ids, _mask = _join(tokenizer, form, card, turns)
    return [*ids, *form.to_reply]


def _conversation(tokenizer: Any, form: ChatFormat, card: str | None, turns: Sequence[_Turn]) -> Rendered:
    ids, mask = _join(tokenizer, form, card, turns)
    if not any(mask):
        return Rendered([], [])
    return Rendered([*ids, *form.end], [*mask, *[True] * len(form.end)])


def _join(tokenizer: Any, form: ChatFormat, card: str | None, turns: Sequence[_Turn]) -> tuple[list[int], list[bool]]:
    """Card and turns with the template's tokens between them; true where the owner's words and their end stand."""
    start = form.bare_head_reply if card is None else form.card_close_reply
    if turns and turns[0].ours and start is None:
        turns = turns[1:]
    first_is_ours = bool(turns) and turns[0].ours
    ids: list[int] = []
    if card is not None:
        ids += [*form.card_head, *encode_people(tokenizer, card)]
    contact_start = form.bare_head if card is None else form.card_close
    ids += start if first_is_ours and start is not None else contact_start
    mask = [False] * len(ids)
    for at, turn in enumerate(turns):
        if at:
            between = form.to_reply if turn.ours else form.to_contact
            ids += between
            # of the tokens from our turn to the contact's, those that end ours are learned with it
            mask += [turns[at - 1].learned and place < len(form.end) for place in range(len(between))]
        ids += turn.ids
        mask += [turn.learned] * len(turn.ids)
    return ids, mask


def _turns(tokenizer: Any, lines: Sequence[Line]) -> list[_Turn]:
    return [
        _Turn(
            ours=_is_ours(side[0]),
            learned=all(line.author == "owner" for line in side),
            ids=tuple(encode_people(tokenizer, "\n".join(line.text.strip() for line in side))),
        )
        for side in _sides(lines)
    ]


def _sides(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines that say something, by turn."""
    said = [line for line in lines if line.text.strip()]
    return [list(side) for _ours, side in groupby(said, key=_is_ours)]


def _is_ours(line: Line) -> bool:
    return line.author != "contact"
