"""The few-shot condition: the bare model is shown how the owner answered others of this type before it is asked.

Exchanges of the training conversations stand between the card and the held-out conversation, in the chat format, and
are not scored themselves (Brown et al. 2020, Language models are few-shot learners). Knows no facet. They take no room
from the conversation: the prompt is longer by what they need.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

import msgspec

from model_server.contract import Line
from model_server.render import Rendered, render_conversation
from training.conversations import Session
from training.examples import Piece, render_pieces
from training.leaks.canaries import is_canary
from training.likeness.scores import Score, Told, Voices, score_pieces
from training.pipeline import Settings
from training.slices import of_type

EXAMPLE_TOKENS = 96
"""A longer exchange shows little more and costs the same for every conversation scored."""
_NOTHING = Line("", "contact", "…", 0)
"""Stands between the last example and a conversation that the owner begins."""

Exchange = tuple[Line, ...]
"""A turn of the contact and the owner's reply to it."""


def score_with_examples(
    voices: Voices,
    settings: Settings,
    sessions: Sequence[Session],
    train: Sequence[Session],
    told: Told = lambda _done, _total: None,
) -> list[Score]:
    """A score for each session under the bare model with card, shown [likeness] examples of its contact type."""
    tokenizer, config = voices.base.tokenizer, settings.training

    def tokens_of(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False))

    shown = {
        contact_type: choose_examples(of_type(train, contact_type), settings.likeness.examples, config.seed, tokens_of)
        for contact_type in {session.contact_type for session in sessions}
    }
    pieces = [
        with_examples(tokenizer, piece, shown[sessions[piece.session].contact_type], config.row_tokens)
        for piece in render_pieces(tokenizer, settings.owner, sessions, config, settings.scrub)
    ]
    longest = max((len(piece.rendered.ids) for piece in pieces), default=0)
    # the examples are the same behind one card, and computed once a row
    row_tokens = longest + config.row_tokens
    return score_pieces(voices, sessions, pieces, lambda _session: {}, row_tokens=row_tokens, by_card=True, told=told)


def choose_examples(
    sessions: Sequence[Session], count: int, seed: int, tokens_of: Callable[[str], int]
) -> tuple[Exchange, ...]:
    """At most `count` exchanges by lot, no two of one conversation as long as there are others; oldest first."""
    draw = random.Random(f"{seed} examples")  # noqa: S311 - a lot, not a secret
    found = [
        [one for one in _exchanges(session) if sum(tokens_of(line.text) for line in one) <= EXAMPLE_TOKENS]
        for session in sessions
        if not is_canary(session)
    ]
    for exchanges in found:
        draw.shuffle(exchanges)
    draw.shuffle(found)
    rounds = (exchanges[turn] for turn in range(count) for exchanges in found if turn < len(exchanges))
    chosen = [exchange for exchange, _number in zip(rounds, range(count), strict=False)]
    return tuple(sorted(chosen, key=lambda exchange: exchange[-1].at_ms))


def with_examples(tokenizer: Any, piece: Piece, examples: Iterable[Exchange], row_tokens: int) -> Piece:
    """The piece with the examples before it, the same tokens learned; the piece itself where that cannot be.

    `row_tokens`: as long as the piece may be without them.
    """
    # words of the persona are ours in the chat format, and never scored
    shown = [
        msgspec.structs.replace(line, author="persona") if line.author == "owner" else line
        for exchange in examples
        for line in exchange
    ]
    if shown and piece.lines[0].author == "owner":
        shown.append(_NOTHING)
    room = sum(len(tokenizer.encode(line.text, add_special_tokens=False)) + 16 for line in shown)
    longer = render_conversation(tokenizer, piece.card, [*shown, *piece.lines], row_tokens + room)
    return replace(piece, rendered=longer) if _learned(longer) == _learned(piece.rendered) else piece


def _learned(rendered: Rendered) -> list[int]:
    return [token for token, ours in zip(rendered.ids, rendered.loss_mask, strict=True) if ours]


def _exchanges(session: Session) -> Iterator[Exchange]:
    sides = [tuple(side) for _author, side in groupby(session.lines, key=lambda line: line.author)]
    for asked, answered in pairwise(sides):
        if asked[0].author == "contact" and answered[0].author == "owner":
            yield (*asked, *answered)
