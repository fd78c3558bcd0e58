"""The [likeness] section of the configuration. Knows nothing of what is measured."""

from typing import Annotated

import msgspec

from model_server.config import Count, NonNegative

_Above0 = Annotated[float, msgspec.Meta(gt=0)]


class LikenessConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[likeness]: how blends are fitted, likeness is measured and a new facet is judged."""

    seeds: NonNegative = 3
    """Shuffled controls: how often contacts are assigned to slices at random and the facets trained anew; 0: none."""
    resamples: Annotated[int, msgspec.Meta(ge=100)] = 2000
    """Bootstrap resamples behind each interval."""
    generated: NonNegative = 30
    """Replies generated for each contact type, to held-out lines; 0: none (no style distances, no attribution)."""
    examples: Count = 6
    """Exchanges shown to the bare model in the few-shot condition."""
    fit_spread: _Above0 = 0.2
    """How far fitted weights stray from the shape all types share before the penalty weighs (a standard deviation)."""
    contact_replies: Count = 40
    """Validation replies from which one contact gets a fitted blend of its own."""
    tolerance: Annotated[float, msgspec.Meta(ge=0, le=0.1)] = 0.005
    """A new facet goes live unless held-out nats per token rise by more than this share."""
    canaries: NonNegative = 20
    """Made-up secrets planted in what `core` is trained on, a quarter of them in each other slice, to see whether a
    facet gives them away; 0: none."""
    longest_overlap: Count = 12
    """A facet is refused when it says this many words in a row that stand in one private conversation alone."""
