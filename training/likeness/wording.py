"""Figures of likeness in words a person knows who never learnt statistics. Pure. Knows no page and no report.

A loss in nats is said as the number of equally likely ways to go on that it amounts to: `exp(nats)`, the perplexity
(Jelinek et al. 1977). A difference of losses is said as how many times likelier one voice finds what was
really written.
"""

from collections.abc import Collection
from math import exp, isfinite

from model_server.blends import heir_of
from training.likeness.figures import CONDITIONS, OVERALL, Condition, Interval

_TITLES: dict[Condition, tuple[str, str]] = {
    "base": ("bare model", "the base model, told nothing about you"),
    "card": (
        "with your card",
        "the base model, told who you are and whom you write to; all that follow are told it too",
    ),
    "fewshot": ("card + examples", "and shown a few of your real exchanges with that contact type, without training"),
    "pooled": ("one facet for all", "one facet trained on everybody, for as long as two facets of a blend together"),
    "core": ("core alone", "the facet of everything you said, to whomever"),
    "own": ("its facet alone", "the facet of that contact type, with nothing beside it"),
    "blend": ("the blend", "what answers that contact type now"),
    "shuffled": ("shuffled control", "the blend's twin: contacts dealt to the facets at random, all else the same"),
}
_SOURCES = {"set": "set by you", "fitted": "fitted", "default": "by default", "": ""}


def condition_title(condition: Condition) -> str:
    """A voice's short name."""
    return _TITLES[condition][0]


def conditions() -> tuple[tuple[Condition, str, str], ...]:
    """Every voice: its key, its short name, what it is."""
    return tuple((one, *_TITLES[one]) for one in CONDITIONS)


def type_title(name: str) -> str:
    """A contact type's name, or that of all together."""
    return "everybody" if name == OVERALL else name


def facet_title(name: str) -> str:
    """A facet's name; one contact's own is named as such, by its digest."""
    return f"one contact’s own ({name.removeprefix('own-')[:6]})" if name.startswith("own-") else name


def source_title(source: str) -> str:
    """Who chose the weights."""
    return _SOURCES[source]


def ways(nats: float) -> str:
    """`58`: how many equally likely ways to go on a loss amounts to."""
    count = exp(min(nats, 700.0))
    if not isfinite(count) or count >= 1e6:
        return "more than a million"
    return f"{count:,.0f}" if count >= 10 else f"{count:.1f}"


def likelier(nats: float) -> str:
    """A difference of losses (before - after): `2.5 times as likely`, `8 % likelier`, `3 % less likely`."""
    ratio = exp(max(-700.0, min(nats, 700.0)))
    if ratio >= 1.5:
        return f"{ratio:,.1f} times as likely"
    change = 100 * (ratio - 1)
    if abs(change) < 0.05:
        return "as likely"
    return f"{_short(change)} % likelier" if change > 0 else f"{_short(-change)} % less likely"


def than(nats: float) -> str:
    """What follows `likelier`: `than` or `as`."""
    return "than" if "%" in likelier(nats) else "as"


def share(nats: float) -> float:
    """A difference of losses as a change of likelihood in percent: 0.03 nats are 3.05."""
    return 100 * (exp(max(-700.0, min(nats, 700.0))) - 1)


def signed(change: float) -> str:
    """A change in percent: `+3.1 %`, `−0.4 %`, with a true minus."""
    return f"{'' if change < 0 else '+'}{_signed(change)} %"


def interval(ci: Interval | None) -> str:
    """The interval of a difference of losses: `1.2 to 4.8 %`; "" where there is none."""
    return "" if ci is None else f"{_signed(share(ci[0]))} to {_signed(share(ci[1]))} %"


def percent(part: float) -> str:
    """A share of 0 to 1: `7 %`; `< 1 %` for what is not quite nothing, and not all for what is not."""
    if 0 < part < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.995 <= part < 1 else f"{100 * part:.0f} %"


def value(number: float | None, unit: str) -> str:
    """A value of a style measure with its unit: `42 characters`, `12 %`, `–` for none."""
    if number is None:
        return "–"
    if unit in ("share", "%"):
        return percent(number) if unit == "share" else f"{number:.0f} %"
    return f"{_short(number)} {unit}".rstrip()


def who_speaks(live: Collection[str]) -> str:
    """Who answers those without a facet of their own, where these are live."""
    heir = heir_of(live)
    return f"`{heir}`" if heir else "the base model"


def listed(names: list[str] | tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _signed(number: float) -> str:
    return f"{'−' if number < 0 else ''}{_short(abs(number))}"


def _short(number: float) -> str:
    """A number above zero by the digits that say something, and no more."""
    if number >= 10 or number == 0:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 0.1 else f"{number:.2g}"
