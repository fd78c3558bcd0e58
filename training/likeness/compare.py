"""Is a candidate closer to the owner than what is live? Two scores of each conversation, compared in pairs.

Pure. Knows no facet and no gate: who acts on the answer is `promotion`.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from training.likeness.figures import Interval
from training.likeness.intervals import Floats, interval_of
from training.likeness.scores import Score


class Change(msgspec.Struct, frozen=True):
    """From one voice to another on the same conversations. Nats per token of the owner's replies."""

    share: float
    """By how much the loss rose: +0.01 is 1 % worse, below zero is better. 0.0 without conversations."""
    ci: Interval | None
    """95 %, of `share`; None with fewer than three conversations."""
    nats_before: float
    nats_after: float
    conversations: int


def compare(
    scores_before: Sequence[Score], scores_after: Sequence[Score], resamples: int = 2000, seed: int = 0
) -> Change:
    """The change over all these conversations, by tokens. ValueError unless both score the same conversations."""
    columns = paired(scores_before, scores_after)
    tokens, before, after = columns.sum(axis=0)
    if not tokens:
        return Change(0.0, None, 0.0, 0.0, 0)
    strata = [score.contact_type for score in scores_before if score.tokens]
    ci = interval_of(_share, columns, strata, resamples, seed)
    share = float(after / before - 1) if before else 0.0
    return Change(share, ci, float(before / tokens), float(after / tokens), len(columns))


def paired(*scored: Sequence[Score]) -> Floats:
    """[conversations that have tokens, 1 + voices]: tokens, then the nats under each voice."""
    for scores in scored[1:]:
        if [(one.chat_key, one.tokens) for one in scores] != [(one.chat_key, one.tokens) for one in scored[0]]:
            raise ValueError("these are scores of different conversations")
    columns = [[float(one.tokens) for one in scored[0]], *([one.nats for one in scores] for scores in scored)]
    return np.array(columns, dtype=np.float64).T[np.array(columns[0]) > 0]


def _share(sums: Floats) -> Floats:
    share: Floats = sums[:, 2] / sums[:, 1] - 1
    return share
