"""Scores: how likely a voice finds what the owner really replied, conversation by conversation.

Plain forward passes through the bank that serves; nats of the owner's reply tokens, what ends a reply included. Knows
nothing of how facets came to be, which conversations these are, or what the scores are compared with.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec
import torch
from torch.nn import functional as F  # noqa: N812 - torch's own abbreviation

from model_server.blends import BlendBook, resolve
from model_server.contract import Blend
from training.conversations import Session
from training.examples import Piece, Row, pack, render_pieces

if TYPE_CHECKING:
    from model_server.base_model import BaseModel
    from model_server.facets import FacetBank
    from training.facets.split_model import LowerCache, SplitModel
    from training.pipeline import Settings

BlendFor = Callable[[Session], Blend]
"""Which blend speaks in a conversation; the empty one is the base model alone."""
Apart = frozenset[tuple[int, int | None]]
"""Tokens that are left out of a comparison, each where another one follows it; None: wherever it stands."""
Told = Callable[[int, int], None]
"""Told how many tokens are done, and of how many."""


class Voices(Protocol):
    """A base model with facets in its bank (`whole_bank.WholeBank` is one)."""

    @property
    def base(self) -> "BaseModel":
        """Its tokenizer renders."""
        ...

    @property
    def bank(self) -> "FacetBank":
        """The facets a blend is made of."""
        ...

    @property
    def split(self) -> "SplitModel":
        """The model, cut below its lowest layer with facets."""
        ...

    @property
    def lower(self) -> "LowerCache":
        """What it has computed below the cut."""
        ...


class Score(msgspec.Struct, frozen=True):
    """One conversation under one voice: the nats of the owner's `tokens` in it, all together."""

    contact_type: str
    chat_key: str
    contact_id: str
    tokens: int
    nats: float


def score_sessions(
    voices: Voices,
    settings: "Settings",
    sessions: Sequence[Session],
    blends: BlendFor | BlendBook,
    *,
    card: bool = True,
    apart: Apart = frozenset(),
    told: Told = lambda _done, _total: None,
) -> list[Score]:
    """A score for each session, in their order (0 tokens where nothing of it can be learned).

    `blends`: the book in force, or any choice of a blend for a session. `card=False`: without the persona card.
    `apart`: tokens that are left out (`token_nats`).
    """
    blend_for = by_book(blends) if isinstance(blends, BlendBook) else blends
    pieces = render_pieces(
        voices.base.tokenizer, settings.owner, sessions, settings.training, settings.scrub, card=card
    )
    row_tokens = settings.training.row_tokens
    return score_pieces(voices, sessions, pieces, blend_for, row_tokens=row_tokens, apart=apart, told=told)


def by_book(book: BlendBook) -> BlendFor:
    """The blend in force for the contact of a session."""
    return lambda session: resolve(book, session.contact_type, session.contact_id)


def score_pieces(
    voices: Voices,
    sessions: Sequence[Session],
    pieces: Sequence[Piece],
    blend_for: BlendFor,
    *,
    row_tokens: int,
    by_card: bool = False,
    apart: Apart = frozenset(),
    told: Told = lambda _done, _total: None,
) -> list[Score]:
    """As `score_sessions`, of pieces that are rendered already.

    Pieces of one contact type under one blend share rows: the same rows under the next blend find their lower
    activations kept. `by_card`: those of one card only; for pieces that have much in common after the contact's name.
    """
    blends = [blend_for(session) for session in sessions]
    groups: dict[tuple[str, str, tuple[tuple[str, float], ...]], list[Piece]] = defaultdict(list)
    for piece in pieces:
        card = (piece.card or "") if by_card else ""
        groups[sessions[piece.session].contact_type, card, tuple(sorted(blends[piece.session].items()))].append(piece)
    packed = [
        (dict(blend), members, row)
        for (_type, _card, blend), members in sorted(groups.items(), key=lambda group: group[0])
        for row in pack([piece.rendered for piece in members], row_tokens, seed=0)
    ]
    total = sum(len(row.ids) for _blend, _members, row in packed)
    nats = [0.0] * len(sessions)
    tokens = [0] * len(sessions)
    done = 0
    for blend, members, row in packed:
        for number, (lost, count) in enumerate(nats_by_member(voices, row, blend, apart)):
            session = members[row.members[number]].session
            nats[session] += lost
            tokens[session] += count
        done += len(row.ids)
        told(done, total)
    return [
        Score(session.contact_type, session.chat_key, session.contact_id, count, lost)
        for session, count, lost in zip(sessions, tokens, nats, strict=True)
    ]


@torch.no_grad()
def nats_by_member(
    voices: Voices, row: Row, blend: Mapping[str, float], apart: Apart = frozenset()
) -> list[tuple[float, int]]:
    """Nats and tokens of each session packed in a row, in the order of `row.members`."""
    lease = voices.bank.gains_for(dict(blend))
    voices.bank.release(lease)
    used = max((at + 1 for at, gain in enumerate(lease.gains) if gain), default=0)
    with voices.bank.using(torch.tensor(lease.gains[:used]) if used else None):
        logits = voices.split.upper(voices.lower(row), row).float()
    losses, counted = token_nats(logits, row, apart)
    owners = torch.tensor(row.owners) - 1
    # in float64: sums of one conversation must not depend on what else is in the row
    sums = torch.zeros(len(row.members), dtype=torch.float64).index_add_(0, owners, losses.double().cpu())
    counts = torch.bincount(owners[counted.cpu()], minlength=len(row.members))
    return list(zip(sums.tolist(), counts.tolist(), strict=True))


def token_nats(logits: torch.Tensor, row: Row, apart: Apart = frozenset()) -> tuple[torch.Tensor, torch.Tensor]:
    """[targets] nats of each target of a row, and which of them count. `logits`: [targets, vocabulary].

    Tokens `apart` cost nothing where they are due, and where others are due cannot be said in their place: what is left
    is the likelihood of everything else, given that it is none of them.
    """
    wanted = torch.tensor(row.targets, device=logits.device)
    if not apart:
        return F.cross_entropy(logits, wanted, reduction="none"), torch.ones_like(wanted, dtype=torch.bool)
    others = logits.clone()
    for token, before in apart:
        instead = wanted != token if before is None else (wanted == before) & (wanted != token)
        others[instead, token] = -torch.inf
    due = [
        (token, None) in apart or (token, after) in apart
        for token, after in zip(row.targets, followers(row), strict=True)
    ]
    counted = ~torch.tensor(due, device=logits.device)
    ignored = -100
    return F.cross_entropy(others, wanted.where(counted, ignored), reduction="none", ignore_index=ignored), counted


def followers(row: Row) -> list[int]:
    """[targets] what the owner says after each target; -1 where it ends his reply."""
    # where a target stands; the first of a session may be foretold by what all of them share
    places = [
        source + 1 if row.segments[source] == owner else row.segments.index(owner)
        for source, owner in zip(row.sources, row.owners, strict=True)
    ]
    said = {source: target for source, target in zip(row.sources, row.targets, strict=True) if row.segments[source]}
    return [said.get(place, -1) for place in places]
