"""The [learning] section of the configuration. Knows nothing of what is learned."""

from typing import Annotated

import msgspec

from model_server.config import Count

_Above0 = Annotated[float, msgspec.Meta(gt=0)]


class LearningConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[learning]: how corrections become better facets."""

    nightly: bool = True
    """Learn every night while `selfsame up` runs, when there is enough that is new."""
    at: Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "03:30"
    """When, by the owner's clock."""
    min_corrections: Count = 20
    """New corrections of one facet before it is worth a training."""
    learning_rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 3e-4
    epochs: Count = 4
    beta: _Above0 = 0.1
    """How strongly a preferred reply is set apart from the one it replaced (DPO's beta)."""
    replay: Annotated[float, msgspec.Meta(ge=0, le=10)] = 1.0
    """Tokens of the old slice rehearsed beside each token of corrections, so that nothing else is forgotten."""
