"""The [training] section of the configuration. Knows nothing of what is trained."""

from typing import Annotated

import msgspec

from model_server.config import Count, NonNegative

_Share = Annotated[float, msgspec.Meta(ge=0, le=0.5)]
_Above0 = Annotated[float, msgspec.Meta(gt=0)]


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[training]: how facets are trained."""

    threads: NonNegative = 0
    """CPU threads of the training; 0: as many as the worker takes."""
    nice: Annotated[int, msgspec.Meta(ge=0, le=19)] = 10
    """Niceness of the training process, so that chat comes first."""
    seed: NonNegative = 7
    session_gap_hours: _Above0 = 6.0
    """A silence as long as this ends a conversation."""
    min_replies: Count = 60
    """A contact type with fewer replies to learn from gets no facet of its own and is answered by `core`, to which
    its weight in the blend goes."""
    held_out: _Share = 0.15
    """Share of each contact's latest conversations that is never trained on."""
    validation: _Share = 0.1
    """Share of the conversations before those that decides when to stop."""
    core_epochs: Count = 3
    """Passes over everything for `core`, at most: training stops when validation does not gain any more."""
    epochs: Count = 2
    """Passes over the slices of the other facets."""
    learning_rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 3e-3
    row_tokens: Count = 640
    """Conversations of one contact type are packed into rows of at most this many tokens, behind one persona card."""
    rows_per_step: Count = 1
    session_tokens: Count = 384
    """A longer conversation is cut into pieces of at most this many tokens, between two turns."""
    min_own_replies: Count = 150
    """Replies to one contact from which he may have a facet of his own (`selfsame own on`)."""
    own_rank: Count = 4
    """Its rank: a small facet, for it learns from little."""
