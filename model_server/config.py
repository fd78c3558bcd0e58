"""The configuration file, and the sections the model server reads: frozen types, unknown keys are errors.

One `config.toml` serves every process; each reads its own sections (`bot.config` and `training.config` hold theirs)
with `read_section`. Does not know any section's meaning but its own. `config.example.toml` is the manual of every key.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from model_server.errors import ConfigError

SECTIONS = (
    *("owner", "redis", "model", "engine", "facets", "blends", "turns", "pacing"),
    *("web", "terminal", "telegram", "discord", "training", "scrub", "likeness", "learning"),
)

Document = Mapping[str, Any]
Section = TypeVar("Section", bound=msgspec.Struct)

Count = Annotated[int, msgspec.Meta(ge=1)]
NonNegative = Annotated[int, msgspec.Meta(ge=0)]
_Sentence = Annotated[str, msgspec.Meta(max_length=500)]


class OwnerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[owner]: who is answered for."""

    name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    card: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    """The persona card: a few sentences in the second person ("You are ..."). Empty: made from the name."""
    cards: dict[str, _Sentence] = {}
    """One more sentence for a contact type: how the owner speaks to them."""
    timezone: str = ""
    """IANA name (`Europe/Amsterdam`) of the clock the owner's times mean; empty: this machine's."""
    demo: bool = False
    """The invented sample owner; `selfsame demo` touches no other configuration."""


class RedisConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[redis]: which server. Empty url: the embedded one, on a unix socket inside the home."""

    url: str = ""


class ModelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[model]: the base model and where it runs."""

    name: str = "bundled"
    """`bundled`, a local directory, or a hub id of a transformers causal LM with a chat template."""
    device: str = "auto"
    dtype: str = "auto"
    threads: NonNegative = 0
    """CPU threads of the worker; 0: all cores but one when there are more than two."""


class EngineConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[engine]: how replies are generated."""

    max_requests: Count = 8
    context_tokens: Count = 1024
    """Prompt and reply together."""
    max_new_tokens: Count = 60
    temperature: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.7
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.9

    def __post_init__(self) -> None:
        """ValueError (in `read_section` a ConfigError) unless a prompt fits beside the reply."""
        if self.max_new_tokens >= self.context_tokens:
            raise ValueError(
                f"`max_new_tokens` ({self.max_new_tokens}) leaves no room for a prompt"
                f" in `context_tokens` ({self.context_tokens})"
            )


class FacetsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[facets]: the shape of the bank."""

    rank: Count = 16
    slots: Count = 12
    """Facets held at once, of all versions: a spare one lets a new version come in beside the old."""
    layers: str = "top-third"
    """`all`, `top-third`, or `top-N`: which layers carry facets."""


def read_document(path: Path | None) -> Document:
    """The parsed file, its section names checked. None (no file at all) is the empty document: every default holds."""
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist", "copy config.example.toml to config.toml, or name a file with --config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}", "mend that line; config.example.toml shows every key"
        ) from None
    for name in document:
        if name not in SECTIONS:
            raise ConfigError(f"{path}: unknown section [{name}]", _nearest(name, SECTIONS))
    return document


def read_section(document: Document, name: str, kind: type[Section]) -> Section:
    """Section `name` as its frozen type. ConfigError on an unknown key or a value of a wrong kind or size."""
    assert name in SECTIONS, name
    raw = document.get(name, {})
    known = [field.name for field in msgspec.structs.fields(kind)]
    for key in raw if isinstance(raw, Mapping) else ():
        if key not in known:
            raise ConfigError(f"config: unknown key `{key}` in [{name}]", _nearest(key, known))
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        where = str(error).replace("`$.", f"`[{name}] ").replace("`$`", f"[{name}]")
        raise ConfigError(f"config: {where}", "config.example.toml shows every key and its kind") from None


def find_config(named: str | None = None) -> Path | None:
    """`--config`, else `SELFSAME_CONFIG`, else `config.toml` here when there is one, else None."""
    if chosen := named or os.environ.get("SELFSAME_CONFIG"):
        return Path(chosen).expanduser()
    here = Path("config.toml")
    return here if here.exists() else None


def _nearest(word: str, known: "tuple[str, ...] | list[str]") -> str:
    if close := difflib.get_close_matches(word, known, n=1):
        return f"did you mean `{close[0]}`?"
    return f"known here: {', '.join(known)}"
