"""Sessions to rows of token ids: rendered with the persona card as in serving, cut to length, packed behind one card.

A row is one prefix (what all its sessions share: the card) and then sessions, each of which sees the prefix and itself
only. So the card is computed once a row, nothing is padded, and every hidden state is the one that serving computes.
"""

import functools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch

from model_server.config import OwnerConfig
from model_server.contract import Line
from model_server.persona import card_for
from model_server.render import Rendered, render_conversation
from training.config import TrainingConfig
from training.conversations import Session
from training.scrub.config import ScrubConfig
from training.scrub.scrubber import Scrubber

_TURN_TOKENS = 8
"""What the chat format adds to a turn, at most about."""
_OPEN_ROWS = 64


@dataclass(frozen=True, slots=True)
class Row:
    """Packed sessions. `segments[i]` is 0 in the shared prefix, else the session's number; `positions` restart there.

    The owner's token `targets[k]` is predicted at `sources[k]` and belongs to session number `owners[k]`; session
    number `n` is `members[n - 1]` of what was packed.
    """

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    segments: tuple[int, ...]
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    owners: tuple[int, ...] = ()
    members: tuple[int, ...] = ()


def render_sessions(
    tokenizer: Any,
    owner: OwnerConfig,
    sessions: Iterable[Session],
    config: TrainingConfig,
    scrub: ScrubConfig | None = None,
    *,
    card: bool = True,
) -> list[Rendered]:
    """Each session as ids with the card of its contact (`card=False`: bare), long ones in pieces.

    `scrub`: [scrub] of the configuration, its defaults when None; by it the card names the contact or does not.
    """
    pieces = render_pieces(tokenizer, owner, sessions, config, scrub, card=card)
    return [piece.rendered for piece in pieces]


@dataclass(frozen=True, slots=True)
class Piece:
    """A session, or a part of a long one: `session` is its place among the sessions, `card` what the model was told."""

    session: int
    card: str | None
    lines: tuple[Line, ...]
    rendered: Rendered


def render_pieces(
    tokenizer: Any,
    owner: OwnerConfig,
    sessions: Iterable[Session],
    config: TrainingConfig,
    scrub: ScrubConfig | None = None,
    *,
    card: bool = True,
) -> list[Piece]:
    """What `render_sessions` makes, with where each comes from; without pieces in which the owner says nothing."""
    named = _names_on_cards(scrub or ScrubConfig())
    pieces: list[Piece] = []
    for at, session in enumerate(sessions):
        told = card_for(owner, session.contact_type, named(session.contact_name)) if card else None
        for lines in cut_pieces(tokenizer, session.lines, config.session_tokens):
            rendered = render_conversation(tokenizer, told, lines, config.row_tokens)
            if any(rendered.loss_mask):
                pieces.append(Piece(at, told, tuple(lines), rendered))
    return pieces


def _names_on_cards(scrub: ScrubConfig) -> Callable[[str], str]:
    """What a card calls a contact: his name, or "" (no sentence of it) when the name must not be learnt.

    Serving names everybody. So its card differs from the one trained with where the owner has names replaced or cut to
    initials, blocked a word of this name, or where something private (an address, a number) stands in it; nowhere else.
    """
    scrubber = Scrubber(scrub, (), b"only whether")  # the key draws placeholders, of which none is kept

    @functools.cache
    def named(name: str) -> str:
        return "" if scrub.names != "keep" or scrubber.scrub(name).findings else name

    return named


def cut_pieces(tokenizer: Any, lines: Sequence[Line], max_tokens: int) -> list[list[Line]]:
    """A session cut before a turn of the contact, wherever the next exchange would not fit any more."""
    exchanges: list[list[Line]] = []
    for ours, turn in groupby(lines, key=lambda line: line.author == "owner"):
        if ours and exchanges:
            exchanges[-1] += turn
        else:
            exchanges.append(list(turn))
    pieces: list[list[Line]] = []
    used = 0
    for exchange in exchanges:
        tokens = sum(len(tokenizer.encode(line.text, add_special_tokens=False)) + 1 for line in exchange)
        tokens += 2 * _TURN_TOKENS
        if not pieces or used + tokens > max_tokens:
            pieces.append([])
            used = 0
        pieces[-1] += exchange
        used += tokens
    return pieces


def pack(rendered: Sequence[Rendered], row_tokens: int, seed: int) -> list[Row]:
    """Rows of at most `row_tokens` over sessions that begin alike; longest first, each into the first row with room."""
    if not rendered:
        return []
    # never longer than the part before the first learned token: a target must lie in its own session
    prefix = min(_shared(rendered), *(one.loss_mask.index(True) for one in rendered))
    shuffled = random.Random(seed).sample(range(len(rendered)), len(rendered))  # noqa: S311  # an order, not a secret
    open_rows: list[tuple[int, list[int]]] = []
    closed: list[list[int]] = []
    for one in sorted(shuffled, key=lambda each: -len(rendered[each].ids)):
        body = len(rendered[one].ids) - prefix
        for at, (room, members) in enumerate(open_rows):
            if room >= body:
                members.append(one)
                open_rows[at] = (room - body, members)
                break
        else:
            open_rows.append((row_tokens - len(rendered[one].ids), [one]))
            if len(open_rows) > _OPEN_ROWS:
                closed.append(open_rows.pop(0)[1])
    return [_row(rendered, members, prefix) for members in (*closed, *(members for _room, members in open_rows))]


def _shared(rendered: Sequence[Rendered]) -> int:
    """How many leading ids all have in common: those of the least and the greatest, as sequences are ordered."""
    least, greatest = min(one.ids for one in rendered), max(one.ids for one in rendered)
    pairs = zip(least, greatest, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(least), len(greatest)))


def _row(rendered: Sequence[Rendered], members: Sequence[int], prefix: int) -> Row:
    ids = list(rendered[members[0]].ids[:prefix])
    positions = list(range(prefix))
    segments = [0] * prefix
    sources: list[int] = []
    targets: list[int] = []
    owners: list[int] = []
    for number, one in enumerate((rendered[member] for member in members), start=1):
        start = len(ids)
        ids += one.ids[prefix:]
        positions += range(prefix, len(one.ids))
        segments += [number] * (len(one.ids) - prefix)
        for at in range(prefix, len(one.ids)):
            if one.loss_mask[at] and at:
                sources.append(start + at - prefix - 1 if at > prefix else prefix - 1)
                targets.append(one.ids[at])
                owners.append(number)
    return Row(
        tuple(ids), tuple(positions), tuple(segments), tuple(sources), tuple(targets), tuple(owners), tuple(members)
    )


def attention_mask(row: Row, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """[1, 1, tokens, tokens], to be added to the scores: a token sees the prefix and the past of its own session."""
    segments = torch.tensor(row.segments, device=device)
    at = torch.arange(len(row.ids), device=device)
    seen = (at[:, None] >= at[None, :]) & ((segments[None, :] == 0) | (segments[:, None] == segments[None, :]))
    mask = torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill(~seen, torch.finfo(dtype).min)
    return mask[None, None]
