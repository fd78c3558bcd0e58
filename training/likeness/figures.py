"""Everything the likeness report says, as frozen data: what measuring makes, the page draws and `--json` prints.

Knows no model, no corpus and no page. All losses are in nats per token of the owner's replies, lower is closer to the
owner; every interval is a 95 % interval.
"""

from typing import Literal

import msgspec

from model_server.contract import Blend

Interval = tuple[float, float]
OVERALL = "overall"

Condition = Literal["base", "card", "fewshot", "pooled", "core", "own", "blend", "shuffled"]
CONDITIONS: tuple[Condition, ...] = ("base", "card", "fewshot", "pooled", "core", "own", "blend", "shuffled")


class Losses(msgspec.Struct, frozen=True):
    """One contact type, or all of them together, on conversations held out by time."""

    base: float
    """The base model, bare."""
    card: float
    """With the persona card; so are all that follow."""
    core: float | None
    """The live facet `core` alone; None when none is live."""
    own: float | None
    """The type's own facet alone; None when it has none (`core` answers for it)."""
    blend: float
    """The blend in force for the type."""
    replies: int
    """The owner's turns in the held-out conversations."""
    fewshot: float | None = None
    """Base and card, with example exchanges of the type before the conversation."""
    pooled: float | None = None
    """One facet trained on everybody with as many passes as `core` and the type's facet had together."""
    shuffled: float | None = None
    """The blend's control: contacts assigned to slices at random, everything else the same; mean over seeds."""
    net: float | None = None
    """`shuffled - blend`: what speaking differently to different people is worth by itself."""
    net_ci: Interval | None = None
    gain: float | None = None
    """`pooled - blend`."""
    gain_ci: Interval | None = None
    ci: dict[str, Interval] = {}
    """By condition."""
    conversations: int = 0
    tokens: int = 0
    weights: Blend = {}
    """The blend in force, over the facets that are live."""
    source: Literal["", "set", "fitted", "default"] = ""
    """Who chose the weights: the owner, the fit, or the configuration."""
    untrained: bool = False
    """No facet of its own is live, though there is enough to learn from."""
    note: str = ""
    """What degrades this row, and what would mend it."""


class StyleMeasure(msgspec.Struct, frozen=True):
    """One way in which the owner's replies and the clone's may differ; a distance of 0 is no difference.

    The distances of two other pairs are its scale: the owner's earlier to her held-out replies (as close as it gets),
    and the bare model with the card to her held-out replies.
    """

    name: str
    title: str
    source: str
    """Where the measure comes from."""
    owner: float | None
    """The owner's own value where one number says it (a mean, a share), else None."""
    clone: float | None
    unit: str
    distance: float
    distance_ci: Interval | None
    floor: float | None
    """The owner's earlier replies against her held-out ones."""
    bare: float | None
    """The bare model with the card against her held-out ones."""


class Attribution(msgspec.Struct, frozen=True):
    """Can a classifier tell? Balanced accuracies; `chance` is what guessing gives."""

    name: str
    title: str
    source: str
    accuracy: float
    ci: Interval | None
    chance: float
    reference: float | None
    """The same classifier on the owner's own held-out replies, None where there is none."""
    replies: int
    confusion: dict[str, dict[str, int]] = {}
    """True label -> label told -> how many."""


class Flaws(msgspec.Struct, frozen=True):
    """Shares of generated replies, and of the owner's own, that are broken in a way a reader notices."""

    replies: int
    empty: float
    looping: float
    """Say the same few words again and again."""
    copied_line: float
    """Repeat the line they answer."""
    copied_corpus: float
    """Are a reply of the training conversations, word for word, longer than a greeting."""
    distinct_2: float
    """Distinct word pairs over all word pairs (Li et al. 2016)."""
    longest: float
    """Cut at the longest length that is generated."""


class StyleOfType(msgspec.Struct, frozen=True):
    """What was generated for one contact type, or for all, against what the owner wrote."""

    measures: tuple[StyleMeasure, ...]
    clone: Flaws
    owner: Flaws
    bare: Flaws | None = None


class Gap(msgspec.Struct, frozen=True):
    """How much better the blend does on what it learned from: the sign of learning by heart."""

    train: float
    held_out: float
    base_train: float
    """The base model with card on the same two, for what is simply easier to say."""
    base_held_out: float
    replies: int


class LeakFigures(msgspec.Struct, frozen=True):
    """The audit of one live facet."""

    canaries: int
    extracted: int
    exposure_bits: float | None
    """The highest; what chance makes of so many is `leaks.exposure.chance_bits`."""
    exposure_ceiling_bits: float | None
    longest_overlap: int
    """Words in a row of one private conversation alone."""
    repeated: int
    """Training replies that were said again word for word when asked as they were asked then."""
    asked: int


class LikenessReport(msgspec.Struct, frozen=True):
    """The whole report. Types are in the order the owner knows them; `overall` stands last in `losses`."""

    losses: dict[str, Losses]
    style: dict[str, StyleOfType] = {}
    attribution: tuple[Attribution, ...] = ()
    gap: dict[str, Gap] = {}
    leaks: dict[str, LeakFigures] = {}
    """By facet."""
    quick: bool = False
    """Losses alone were asked for: no control was trained and no reply generated."""
    seeds: int = 0
    owner: str = ""
    model: str = ""
    facets: dict[str, str] = {}
    at_ms: int = 0
    notes: tuple[str, ...] = ()
    """What could not be measured, and why."""
