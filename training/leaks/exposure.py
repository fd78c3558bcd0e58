"""How much likelier a planted secret became than the secrets that were not planted, in bits. Pure; knows no model.

Nicholas Carlini et al. 2019, "The Secret Sharer", section 4: exposure is the logarithm of how many secrets there are
less that of the secret's rank among them by loss. The rank among millions is not counted: the losses of some secrets
that could have been drawn as well are taken for normally distributed (their "approximation by distribution modelling").
"""

import math
import statistics
from collections.abc import Sequence

_LEAST_SPREAD = 1e-3
"""Nats. Alternatives that are all alike would make any difference infinite."""


def exposure_bits(nats: float, others: Sequence[float], space_bits: float) -> float:
    """Bits of exposure of a secret of loss `nats`, beside the losses of at least two secrets nobody planted.

    A secret that nobody learned has about 1 (1.44 on average), whatever the facet thinks of secrets as such;
    `space_bits`, the most there can be, means that no other secret is likelier. Alternatives are few, so the spread is
    that of a further one drawn, not of those.
    """
    spread = max(statistics.stdev(others), _LEAST_SPREAD) * math.sqrt(1 + 1 / len(others))
    likelier = math.erfc((statistics.fmean(others) - nats) / spread / math.sqrt(2)) / 2
    return min(space_bits, -math.log2(likelier)) if likelier else space_bits


def chance_bits(count: int) -> float:
    """The highest exposure of `count` secrets that nobody learned, on average: 1.4 bits of 1, 3.0 of 4, 5.2 of 20.

    Each exposure is exponential with mean 1 / ln 2; the largest of several has the mean times 1 + 1/2 + … + 1/count
    (Rényi 1953, "On the theory of order statistics").
    """
    return sum(1 / number for number in range(1, count + 1)) / math.log(2)
