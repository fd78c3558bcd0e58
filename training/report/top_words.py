"""The words that set one contact type apart from all others: log-odds with an informative Dirichlet prior.

The method is that of Monroe, Colaresi and Quinn, "Fightin' Words" (Political Analysis 16, 2008), section 3.5.1, with
the whole corpus as the prior: words that are merely frequent score nothing, words seen a few times score little. Pure.
"""

from collections import Counter
from collections.abc import Mapping
from math import log, sqrt

import msgspec

_SIGNIFICANT = 1.96
"""Standard errors from no difference at all; 5 % of words would be farther by chance."""


class TopWord(msgspec.Struct, frozen=True):
    """A word of the owner's for one contact type. `score`: standard errors above the rest; rates: per 1,000 words."""

    word: str
    score: float
    uses: int
    rate: float
    rate_elsewhere: float


def top_words(counts: Mapping[str, Mapping[str, int]], min_uses: int, limit: int) -> dict[str, tuple[TopWord, ...]]:
    """For each contact type (`counts`: type -> word -> uses) its most telling words, best first.

    None where there is nothing to compare with.
    """
    everywhere: Counter[str] = Counter()
    for words in counts.values():
        everywhere.update(words)
    total = everywhere.total()
    found: dict[str, tuple[TopWord, ...]] = {}
    for name, words in counts.items():
        here = sum(words.values())
        scored = [_score(word, uses, everywhere[word], here, total) for word, uses in words.items() if uses >= min_uses]
        telling = [one for one in scored if one.score >= _SIGNIFICANT] if here < total else []
        found[name] = _without_pieces(sorted(telling, key=lambda one: (-one.score, one.word)), limit)
    return found


def _score(word: str, uses: int, uses_everywhere: int, here: int, total: int) -> TopWord:
    elsewhere, rest = uses_everywhere - uses, total - here
    prior = uses_everywhere
    odds_here = log((uses + prior) / (here + total - uses - prior)) if here + total > uses + prior else 0.0
    odds_rest = (
        log((elsewhere + prior) / (rest + total - elsewhere - prior)) if rest + total > elsewhere + prior else 0.0
    )
    score = (odds_here - odds_rest) / sqrt(1 / (uses + prior) + 1 / (elsewhere + prior))
    return TopWord(word, round(score, 2), uses, _rate(uses, here), _rate(elsewhere, rest))


def _rate(uses: int, words: int) -> float:
    return round(1000 * uses / words, 2) if words else 0.0


def _without_pieces(words: list[TopWord], limit: int) -> tuple[TopWord, ...]:
    """The first words, without pairs of characters that only stand between two better ones (生日 · 日快 · 快乐)."""
    kept: list[TopWord] = []
    for one in words:
        pair = len(one.word) == 2 and one.word >= "\u3040"
        better = [other for other in kept if pair and len(other.word) == 2 and one.uses <= 1.2 * other.uses]
        if not any(other.word[1] == one.word[0] or other.word[0] == one.word[1] for other in better):
            kept.append(one)
        if len(kept) == limit:
            break
    return tuple(kept)
