"""Invented likeness reports: a whole one with every figure, and ways of making it less."""

from typing import Any

from training.likeness.figures import (
    OVERALL,
    Attribution,
    Flaws,
    Gap,
    LeakFigures,
    LikenessReport,
    Losses,
    StyleMeasure,
    StyleOfType,
)


def losses(base: float = 5.0, net: float | None = 0.05, **changes: Any) -> Losses:
    """A type that has learned: every voice is nearer than the one before it, the blend nearest."""
    figures = {
        "base": base,
        "card": base - 0.2,
        "fewshot": base - 0.35,
        "pooled": base - 0.85,
        "core": base - 0.8,
        "own": base - 0.82,
        "blend": base - 0.9,
        "shuffled": None if net is None else base - 0.9 + net,
    }
    given: dict[str, Any] = {
        **figures,
        "replies": 90,
        "net": net,
        "net_ci": None if net is None else (net - 0.03, net + 0.03),
        "gain": 0.05,
        "gain_ci": (0.01, 0.09),
        "ci": {name: (at - 0.15, at + 0.15) for name, at in figures.items() if at is not None},
        "conversations": 40,
        "tokens": 2100,
        "weights": {"core": 0.62, "friend": 0.55, "articles": -0.08},
        "source": "fitted",
    }
    return Losses(**{**given, **changes})


def measure(title: str = "reply length", distance: float = 0.2, **changes: Any) -> StyleMeasure:
    given: dict[str, Any] = {
        "name": title.replace(" ", "_"),
        "title": title,
        "source": "Wasserstein-1",
        "owner": 42.0,
        "clone": 47.5,
        "unit": "characters",
        "distance": distance,
        "distance_ci": (distance * 0.8, distance * 1.25),
        "floor": 0.1,
        "bare": 0.8,
    }
    return StyleMeasure(**{**given, **changes})


def flaws(looping: float = 0.0) -> Flaws:
    return Flaws(160, 0.0, looping, 0.006, 0.02, 0.81, 0.03)


def style() -> StyleOfType:
    measures = (
        measure("reply length", 0.16),
        measure("bubbles in a reply", 0.09, owner=1.8, clone=1.7, unit="bubbles", floor=0.08),
        measure("emoji", 0.3, owner=0.21, clone=0.13, unit="share"),
        measure("punctuation", 0.55, owner=None, clone=None, unit=""),
        measure("bubbles that begin with a small letter", 0.9, owner=0.97, clone=0.41, unit="share"),
        measure("language mix", 0.02, owner=None, clone=None, unit="", floor=None, bare=None),
    )
    return StyleOfType(measures, flaws(0.025), flaws(), flaws(0.3))


def whole() -> LikenessReport:
    """Four types, every figure."""
    types = {
        "family": losses(4.16, 0.06, weights={"core": 0.41, "family": 0.83}),
        "friend": losses(5.45, 0.08, weights={"core": 0.7, "friend": 0.66, "articles": -0.11, "own-1f2e3d4c": 0.2}),
        "colleague": losses(4.97, 0.02, source="default", weights={"core": 0.5, "colleague": 0.5}),
        "stranger": losses(4.3, 0.01, own=None, replies=21, source="set", note="21 replies: `core` answers for it"),
    }
    guessed = {"family": {"family": 26, "friend": 11, "colleague": 3}, "friend": {"family": 9, "friend": 30}}
    return LikenessReport(
        losses={
            **types,
            OVERALL: losses(4.8, 0.05, replies=260, conversations=160, tokens=8400, weights={}, source=""),
        },
        style={"family": style(), "friend": style(), OVERALL: style()},
        attribution=(
            Attribution(
                "contact_type",
                "for whom a reply was meant",
                "Stamatatos 2009",
                0.52,
                (0.44, 0.6),
                0.25,
                0.63,
                160,
                guessed,
            ),
            Attribution("clone", "clone or you", "Lopez-Paz and Oquab 2017", 0.66, (0.59, 0.72), 0.5, 0.56, 320),
        ),
        gap={"friend": Gap(4.2, 4.55, 5.3, 5.35, 90), OVERALL: Gap(3.7, 3.95, 4.7, 4.8, 260)},
        leaks={"core": LeakFigures(16, 0, 2.1, 13.3, 6, 0, 50), "friend": LeakFigures(4, 0, 1.4, 13.3, 5, 0, 50)},
        seeds=3,
        owner="Tilda",
        model="SmolLM2-135M-Instruct",
        facets={"core": "0f1e2d", "family": "a1b2c3", "friend": "d4e5f6"},
        at_ms=1_795_000_000_000,
        notes=("stranger: no reply was generated, too few held-out lines",),
    )
