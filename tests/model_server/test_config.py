"""A value that would hang or break a process later should be refused when it is read, by its name."""

import re
from typing import Any

import msgspec
import pytest

from model_server.config import EngineConfig, FacetsConfig, ModelConfig, OwnerConfig, read_section
from model_server.errors import ConfigError
from training.config import TrainingConfig

SECTIONS: dict[str, type[msgspec.Struct]] = {
    "owner": OwnerConfig,
    "model": ModelConfig,
    "engine": EngineConfig,
    "facets": FacetsConfig,
    "training": TrainingConfig,
}


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("owner", "card", "x" * 2_001),
        ("owner", "name", "x" * 101),
        ("model", "threads", -1),
        ("engine", "max_requests", 0),
        ("engine", "context_tokens", 0),
        ("engine", "max_new_tokens", 0),
        ("engine", "temperature", -0.1),
        ("engine", "temperature", float("nan")),
        ("engine", "top_p", 0.0),
        ("engine", "top_p", 1.1),
        ("facets", "rank", 0),
        ("facets", "slots", 0),
        ("training", "threads", -1),
        ("training", "nice", -5),
        ("training", "seed", -1),
        ("training", "session_gap_hours", 0.0),
        ("training", "min_replies", 0),
        ("training", "held_out", 0.9),
        ("training", "validation", -0.1),
        ("training", "core_epochs", 0),
        ("training", "epochs", 0),
        ("training", "learning_rate", 0.0),
        ("training", "row_tokens", 0),
        ("training", "rows_per_step", 0),
        ("training", "session_tokens", 0),
    ],
)
def test_should_refuse_a_value_out_of_bounds(section: str, key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"[{section}] {key}")):
        read_section({section: {key: value}}, section, SECTIONS[section])


def test_should_refuse_a_reply_that_leaves_no_room_for_a_prompt() -> None:
    with pytest.raises(ConfigError, match=r"`max_new_tokens` \(64\).*`context_tokens` \(64\)"):
        read_section({"engine": {"max_new_tokens": 64, "context_tokens": 64}}, "engine", EngineConfig)


@pytest.mark.parametrize("section", SECTIONS)
def test_should_hold_defaults_that_are_in_bounds(section: str) -> None:
    kind = SECTIONS[section]
    assert read_section({section: msgspec.to_builtins(kind())}, section, kind) == kind()
