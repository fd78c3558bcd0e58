"""From scores to losses: every condition of every contact type in nats per token, with intervals, net and gain.

Pure. Conditions are compared in pairs, on the same resampled conversations; over the shuffled controls the seeds are
resampled as well, for their lots are drawn too. Knows no model.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from training.likeness.compare import paired
from training.likeness.figures import OVERALL, Condition, Interval, Losses
from training.likeness.intervals import (
    FEWEST,
    Floats,
    freedom_of,
    interval,
    joint_freedom,
    resampled_means,
    resampled_sums,
)
from training.likeness.scores import Score

Scores = tuple[Score, ...]
"""Of conversations in a fixed order."""

_DECIMALS = 4


class Scored(msgspec.Struct, frozen=True):
    """Scores of the same held-out conversations, in the same order, under each voice that was asked."""

    voices: dict[Condition, Scores]
    """`own`: where a type has no facet of its own, that of who answers for it (`core`)."""

    replies: tuple[int, ...]
    """The owner's turns in each conversation."""
    shuffles: tuple[Scores, ...] = ()
    """One for each seed."""


def losses_of(scored: Scored, with_own: Mapping[str, bool], resamples: int, seed: int) -> dict[str, Losses]:
    """Losses by contact type, then all together, by tokens.

    `with_own`: the types, and whether each has a facet of its own. A type of which no token is held out has no row.
    """
    first = scored.voices["base"]
    rows: dict[str, Losses] = {}
    for contact_type, has_own in with_own.items():
        chosen = [at for at, score in enumerate(first) if score.contact_type == contact_type and score.tokens]
        if chosen:
            rows[contact_type] = _losses(_chosen(scored, chosen), has_own, resamples, seed)
    chosen = [at for at, score in enumerate(first) if score.contact_type in rows and score.tokens]
    if chosen:
        rows[OVERALL] = _losses(_chosen(scored, chosen), any(with_own[name] for name in rows), resamples, seed)
    return rows


def nats_per_token(scores: Iterable[Score], contact_type: str) -> float | None:
    """Of one type, or all (`OVERALL`); None where there is no token."""
    chosen = [score for score in scores if contact_type in (OVERALL, score.contact_type)]
    tokens = sum(score.tokens for score in chosen)
    return sum(score.nats for score in chosen) / tokens if tokens else None


def _chosen(scored: Scored, chosen: Sequence[int]) -> Scored:
    """The scores of some conversations."""
    return Scored(
        {name: tuple(scores[at] for at in chosen) for name, scores in scored.voices.items()},
        tuple(scored.replies[at] for at in chosen),
        tuple(tuple(scores[at] for at in chosen) for scores in scored.shuffles),
    )


def _losses(scored: Scored, has_own: bool, resamples: int, seed: int) -> Losses:
    """Of all these conversations together."""
    voices = [name for name in scored.voices if name != "own" or has_own]
    columns = paired(*(scored.voices[name] for name in voices), *scored.shuffles)
    strata = [score.contact_type for score in scored.voices["base"]]
    tokens = float(columns[:, 0].sum())
    means = _by_voice(columns.sum(axis=0, keepdims=True), voices, lambda seeds: seeds.mean(axis=1))
    found = {name: round(float(values[0]), _DECIMALS) for name, values in means.items()}
    ci: dict[str, Interval] = {}
    if len(columns) >= FEWEST:
        sums = resampled_sums(columns, strata, resamples, seed)
        drawn = _by_voice(sums, voices, lambda seeds: resampled_means(seeds, seed + 1))
        same_lots = _by_voice(sums, voices, lambda seeds: seeds.mean(axis=1))
        ci = {
            name: _interval(values, _freedom(values, same_lots[name], strata, len(scored.shuffles)))
            for name, values in drawn.items()
        }
    return Losses(
        base=found["base"],
        card=found["card"],
        core=found.get("core"),
        own=found.get("own"),
        blend=found["blend"],
        replies=sum(scored.replies),
        fewshot=found.get("fewshot"),
        pooled=found.get("pooled"),
        shuffled=found.get("shuffled"),
        net=found.get("net"),
        net_ci=ci.pop("net", None),
        gain=found.get("gain"),
        gain_ci=ci.pop("gain", None),
        ci={name: (max(0.0, low), high) for name, (low, high) in ci.items()},
        conversations=len(columns),
        tokens=round(tokens),
    )


def _by_voice(sums: Floats, voices: Sequence[str], mean_of_seeds: Callable[[Floats], Floats]) -> dict[str, Floats]:
    """Nats per token [resamples] of each voice, of the shuffled controls together, and the two differences."""
    nats = sums[:, 1:] / sums[:, :1]
    found: dict[str, Floats] = {name: nats[:, at] for at, name in enumerate(voices)}
    if nats.shape[1] > len(voices):
        found["shuffled"] = mean_of_seeds(nats[:, len(voices) :])
        found["net"] = found["shuffled"] - found["blend"]
    if "pooled" in found:
        found["gain"] = found["pooled"] - found["blend"]
    return found


def _freedom(values: Floats, same_lots: Floats, strata: Sequence[str], seeds: int) -> float:
    """Degrees of freedom: of conversations and, as far as `values` vary beyond `same_lots`, of the seeds."""
    by_seeds = max(0.0, float(values.var() - same_lots.var())) if seeds > 1 else 0.0
    return joint_freedom([(float(same_lots.var()), freedom_of(strata)), (by_seeds, seeds - 1.0)])


def _interval(values: Floats, freedom: float) -> Interval:
    low, high = interval(values, freedom)
    return round(low, _DECIMALS), round(high, _DECIMALS)
