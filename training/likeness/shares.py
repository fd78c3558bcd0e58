"""The interval of a share: so many of so many. Pure; knows not what was counted."""

import math

_Z = 1.959964
"""95 %, both sides."""


def wilson(hits: float, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927); `trials` above 0. It holds where trials are few and shares
    extreme."""
    share, weight = hits / trials, _Z * _Z / trials
    middle = (share + weight / 2) / (1 + weight)
    reach = _Z / (1 + weight) * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    return max(0.0, middle - reach), min(1.0, middle + reach)
