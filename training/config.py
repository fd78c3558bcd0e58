"""The [training] section of the configuration. Knows nothing of what is trained."""

import msgspec


class TrainingConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[training]: how facets are trained."""

    threads: int = 0
    """CPU threads of the training; 0: as many as the worker takes."""
    nice: int = 10
    """Niceness of the training process, so that chat comes first."""
    seed: int = 7
    session_gap_hours: float = 6.0
    """A silence as long as this ends a conversation."""
    min_replies: int = 60
    """A contact type with fewer replies to learn from gets no facet of its own and is answered by `core`."""
    held_out: float = 0.15
    """Share of each contact's latest conversations that is never trained on."""
    validation: float = 0.1
    """Share of the conversations before those that decides when to stop."""
    core_epochs: int = 1
    """`core` learns from everything, and so from enough in one pass."""
    epochs: int = 2
    """Passes over the slices of the other facets."""
    learning_rate: float = 3e-3
    row_tokens: int = 640
    """Conversations of one contact type are packed into rows of at most this many tokens, behind one persona card."""
    rows_per_step: int = 1
    session_tokens: int = 384
    """A longer conversation is cut into pieces of at most this many tokens, between two turns."""
