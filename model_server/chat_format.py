"""The shape of a tokenizer's chat template, found by rendering it once around marks, and how people's text is encoded.

Knows no persona, no contact type and no budget. Every piece is token ids, so that a prompt and the conversation that
continues it are the same ids by construction, whatever the template does with the end of a chat. Text of people is
encoded by a copy of the tokenizer that has no special tokens at all: nothing that anyone writes can become one.
"""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from jinja2 import TemplateError
from tokenizers import Tokenizer

from model_server.errors import ModelError

Ids = tuple[int, ...]
_MARK = re.compile("\ue000([a-z0-9]+)\ue001")


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The template's own tokens around and between the texts of a chat; owner and persona are the assistant side."""

    bare_head: Ids
    """Before the first contact turn, when we give no card (the template may bring a system turn of its own)."""
    card_head: Ids
    card_close: Ids
    """Between the card and the first contact turn."""
    to_reply: Ids
    """Contact turn to assistant turn: what a reply follows."""
    to_contact: Ids
    """Assistant turn to contact turn; begins with `end`."""
    end: Ids
    """What ends a reply, up to and including the token that stops generation."""
    bare_head_reply: Ids | None
    """`bare_head`, but before an assistant turn. None: the template demands that the contact begins."""
    card_close_reply: Ids | None
    stop_ids: frozenset[int]


@lru_cache(maxsize=4)
def chat_format(tokenizer: Any) -> ChatFormat:
    """The format of this tokenizer's chat template. ModelError when it has none, or one we cannot take apart."""
    system, pieces = _carded(tokenizer)
    bare = _pieces(tokenizer, [_said("user", "u")], ("u",))
    if pieces is None or bare is None:
        raise ModelError("the chat template rearranges its messages", "choose a model with a plain chat template")
    control = control_ids(tokenizer)
    to_contact = _encode_template(tokenizer, pieces[3])
    stop_at = next((at for at, token in enumerate(to_contact) if token in control), None)
    eos = tokenizer.eos_token_id
    if stop_at is None and eos is None:
        raise ModelError("nothing in the chat template ends a turn", "choose a model with an end-of-turn token")
    end = to_contact[: stop_at + 1] if stop_at is not None else (eos,)
    bare_reply, card_reply = _owner_first(tokenizer) if system else (None, None)
    return ChatFormat(
        bare_head=_encode_template(tokenizer, bare[0]),
        card_head=_encode_template(tokenizer, pieces[0]),
        card_close=_encode_template(tokenizer, pieces[1]),
        to_reply=_encode_template(tokenizer, pieces[4]),
        to_contact=to_contact if stop_at is not None else (eos, *to_contact),
        end=end,
        bare_head_reply=bare_reply,
        card_close_reply=card_reply,
        stop_ids=frozenset({end[-1]} | ({eos} if eos is not None else set())),
    )


def encode_people(tokenizer: Any, text: str) -> list[int]:
    """Ids of what somebody wrote, none of them a special or added token, whatever the text says."""
    plain = _plain_tokenizer(tokenizer)
    ids: list[int] = (
        plain.encode(text, add_special_tokens=False).ids
        if plain is not None
        else tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
    )
    control = control_ids(tokenizer)
    return [token for token in ids if token not in control]


@lru_cache(maxsize=4)
def control_ids(tokenizer: Any) -> frozenset[int]:
    """Every token that is not learned text: specials, and all added tokens (`<think>`, `<tool_call>`, ...)."""
    return frozenset(tokenizer.added_tokens_decoder) | frozenset(tokenizer.all_special_ids)


@lru_cache(maxsize=4)
def _plain_tokenizer(tokenizer: Any) -> Tokenizer | None:
    """The same vocabulary and merges without any added token. None for a tokenizer not backed by `tokenizers`."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        return None
    described = json.loads(backend.to_str())
    described["added_tokens"] = []
    described["post_processor"] = None
    return Tokenizer.from_str(json.dumps(described))


def _carded(tokenizer: Any) -> tuple[bool, list[str] | None]:
    """A whole chat with a card taken apart: the card in a system turn (true), else before the contact's first line.

    Some templates have no system turn, and some move it into the last turn, where no prefix would stay the same.
    """
    rest, order = [_said("assistant", "a"), _said("user", "v")], ("c", "u", "a", "v")
    pieces = _pieces(tokenizer, [_said("system", "c"), _said("user", "u"), *rest], order)
    if pieces is not None:
        return True, pieces
    first = {"role": "user", "content": f"{_mark('c')}\n\n{_mark('u')}"}
    return False, _pieces(tokenizer, [first, *rest], order)


def _owner_first(tokenizer: Any) -> tuple[Ids | None, Ids | None]:
    """What precedes an assistant turn at the very beginning: (without a card, after a card); None where not allowed."""
    chat = [_said("assistant", "a"), _said("user", "u")]
    bare = _pieces(tokenizer, chat, ("a", "u"))
    card = _pieces(tokenizer, [_said("system", "c"), *chat], ("c", "a", "u"))
    if bare is None or card is None:
        return None, None
    return _encode_template(tokenizer, bare[0]), _encode_template(tokenizer, card[1])


def _pieces(tokenizer: Any, messages: list[dict[str, str]], order: tuple[str, ...]) -> list[str] | None:
    """The template's text around the marks; None when it refuses these messages, drops one or changes their order."""
    if not tokenizer.chat_template:
        raise ModelError("the model has no chat template", "use an instruct or chat variant of the model")
    try:
        text = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    except (TemplateError, ValueError, TypeError, KeyError):
        return None
    split = _MARK.split(text)
    return split[0::2] if tuple(split[1::2]) == order else None


def _said(role: Literal["system", "user", "assistant"], name: str) -> dict[str, str]:
    return {"role": role, "content": _mark(name)}


def _mark(name: str) -> str:
    return f"\ue000{name}\ue001"


def _encode_template(tokenizer: Any, text: str) -> Ids:
    return tuple(tokenizer.encode(text, add_special_tokens=False))
