"""The [scrub] section of the configuration: what must never be learnt. Knows nothing of how it is found."""

from typing import Annotated, Literal

import msgspec

from model_server.placeholders import Kind

Region = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
BlockedWord = Annotated[str, msgspec.Meta(min_length=2, max_length=200)]
NamePolicy = Literal["keep", "replace", "initials"]


class ScrubConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[scrub]: what is taken out of both sides of every chat, and of articles, before anything is trained."""

    regions: tuple[Region, ...] = ("US", "GB", "CN", "DE", "FR", "ES", "IT", "NL")
    """Countries (ISO 3166) whose national telephone numbers are looked for; `+44 ...` and the like always are."""
    names: NamePolicy = "keep"
    """What becomes of contacts' names in what is said: kept, replaced by placeholders, or cut to initials."""
    block: tuple[BlockedWord, ...] = ()
    """Words and phrases of the owner's that nobody may learn, in whatever case they are written."""
    keep: tuple[Kind, ...] = ()
    """Kinds that are left as they are."""
