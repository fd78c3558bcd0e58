"""Which blend answers whom: what the owner set, else what was fitted, else the default. Pure and torch-free.

Does not know where blends are kept (`blend_store`, `fitted`) or how facets are loaded (`slots` asks `in_force` with
those that are).
"""

import hashlib
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from model_server.config import Document
from model_server.contract import Blend
from model_server.errors import ConfigError

CORE, ARTICLES = "core", "articles"
FALLBACK_TYPE = "stranger"
CONTACT_TYPES = ("family", "friend", "colleague", FALLBACK_TYPE)
HEAVIEST = 2.0

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def default_blend(contact_type: str) -> Blend:
    """Half of how the owner always sounds, half of how they sound to this type."""
    return {CORE: 0.5, contact_type: 0.5}


DEFAULTS: Mapping[str, Blend] = {contact_type: default_blend(contact_type) for contact_type in CONTACT_TYPES}


Source = Literal["set", "fitted", "default"]
"""Who chose a blend: the owner, the fit, or the configuration."""


@dataclass(frozen=True, slots=True)
class BlendBook:
    """The blend of every contact type the owner has, what was fitted, and the overrides in force now."""

    defaults: Mapping[str, Blend] = field(default_factory=lambda: DEFAULTS)
    types: Mapping[str, Blend] = field(default_factory=dict)
    contacts: Mapping[str, Blend] = field(default_factory=dict)
    fitted_types: Mapping[str, Blend] = field(default_factory=dict)
    fitted_contacts: Mapping[str, Blend] = field(default_factory=dict)

    def known_types(self) -> list[str]:
        """Every contact type that has a blend, however it came by it."""
        return list({**self.defaults, **self.fitted_types, **self.types})


@dataclass(frozen=True, slots=True)
class Chosen:
    """A blend, who chose it, and whether for one contact or for all of its type."""

    source: Source
    scope: Literal["contact", "type"]
    blend: Mapping[str, float]


def choose(book: BlendBook, contact_type: str, contact_id: str) -> Chosen:
    """For one contact: set for it, set for its type, fitted to it, fitted to its type, else the default.

    A type nobody knows is answered as a stranger.
    """
    known = any(contact_type in table for table in (book.types, book.fitted_types, book.defaults))
    kind = contact_type if known else FALLBACK_TYPE
    if (blend := book.contacts.get(contact_id)) is not None:
        return Chosen("set", "contact", blend)
    if (blend := book.types.get(kind)) is not None:
        return Chosen("set", "type", blend)
    if (blend := book.fitted_contacts.get(contact_id)) is not None:
        return Chosen("fitted", "contact", blend)
    if (blend := book.fitted_types.get(kind)) is not None:
        return Chosen("fitted", "type", blend)
    return Chosen("default", "type", book.defaults.get(kind, {CORE: 1.0}))


def resolve(book: BlendBook, contact_type: str, contact_id: str) -> Blend:
    """The blend that `choose` finds."""
    return dict(choose(book, contact_type, contact_id).blend)


def source_of(book: BlendBook, contact_type: str, contact_id: str) -> Source:
    """Who chose what `resolve` finds."""
    return choose(book, contact_type, contact_id).source


def in_force(blend: Mapping[str, float], loaded: Collection[str]) -> Blend:
    """The blend over the facets that are loaded, without zeros: what really speaks.

    A facet that is not loaded hands its weight to `core`, up to `HEAVIEST`: half `core` and half a facet that is still
    to be trained is the whole of `core`. Without `core` (there are articles and no chats) `articles` stands in for it.
    A weight below zero takes something away, and from what is not there nothing.
    """
    found = {name: weight for name, weight in blend.items() if weight and name in loaded}
    handed = sum(weight for name, weight in blend.items() if weight > 0 and name not in loaded)
    if handed and (heir := heir_of(loaded)):
        found[heir] = min(found.get(heir, 0.0) + handed, HEAVIEST)
    return {name: weight for name, weight in found.items() if weight}


def heir_of(loaded: Collection[str]) -> str:
    """The facet that speaks for those that are not loaded; "" for none, which leaves the base model alone."""
    return next((name for name in (CORE, ARTICLES) if name in loaded), "")


def checked(blend: Mapping[str, Any]) -> Blend:
    """The blend without zeros. ConfigError on a name that no facet can have or a weight that is out of bounds."""
    for name, weight in blend.items():
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise ConfigError(f"`{name}` is no name for a facet", "use small letters, digits, - and _")
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ConfigError(f"the weight of `{name}` is not a number", f"use -{HEAVIEST} to {HEAVIEST}")
        if not math.isfinite(weight) or abs(weight) > HEAVIEST:
            raise ConfigError(f"weight {weight} of `{name}` is out of bounds", f"use -{HEAVIEST} to {HEAVIEST}")
    return {name: float(weight) for name, weight in sorted(blend.items()) if weight}


def blend_name(blend: Mapping[str, float]) -> str:
    """The name of a blend, from its content: the same for the same weights, in any order, in every process."""
    return hashlib.blake2b(msgspec.json.encode(checked(blend), order="sorted"), digest_size=6).hexdigest()


def read_blends(document: Document) -> dict[str, Blend]:
    """The defaults, with what the tables `[blends.<contact type>]` of the configuration say instead or besides."""
    tables = document.get("blends", {})
    if not isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables.values()):
        raise ConfigError("config: [blends] holds one table per contact type", "e.g. [blends.family] core = 0.6")
    return {**DEFAULTS, **{contact_type: checked(table) for contact_type, table in tables.items()}}
