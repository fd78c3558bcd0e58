"""`config.example.toml` should be a true manual: it loads, names every key, and shows the defaults."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from bot.config import PacingConfig, TerminalConfig, TurnsConfig, WebConfig, read_bot_config
from bot.discord_config import DiscordConfig
from bot.telegram_config import TelegramConfig
from model_server.blends import DEFAULTS, read_blends
from model_server.config import (
    SECTIONS,
    EngineConfig,
    FacetsConfig,
    ModelConfig,
    OwnerConfig,
    RedisConfig,
    read_document,
    read_section,
)
from training.config import TrainingConfig
from training.learn.config import LearningConfig
from training.likeness.config import LikenessConfig
from training.scrub.config import ScrubConfig

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
KINDS: dict[str, type[msgspec.Struct]] = {
    "owner": OwnerConfig,
    "redis": RedisConfig,
    "model": ModelConfig,
    "engine": EngineConfig,
    "facets": FacetsConfig,
    "turns": TurnsConfig,
    "pacing": PacingConfig,
    "web": WebConfig,
    "terminal": TerminalConfig,
    "telegram": TelegramConfig,
    "discord": DiscordConfig,
    "training": TrainingConfig,
    "scrub": ScrubConfig,
    "likeness": LikenessConfig,
    "learning": LearningConfig,
}


def test_should_name_every_section() -> None:
    assert set(tomllib.loads(EXAMPLE.read_text())) == set(SECTIONS) == {*KINDS, "blends"}


@pytest.mark.parametrize("section", sorted(KINDS))
def test_should_show_every_key_with_its_default(section: str) -> None:
    kind = KINDS[section]
    shown = tomllib.loads(EXAMPLE.read_text())[section]
    assert set(shown) == {field.name for field in msgspec.structs.fields(kind)}
    assert read_section(read_document(EXAMPLE), section, kind) == kind()


def test_should_show_the_default_blends() -> None:
    assert read_blends(read_document(EXAMPLE)) == DEFAULTS


def test_the_sample_owner_should_be_configured_to_answer() -> None:
    sample = read_document(EXAMPLE.parent / "training" / "sample" / "config.toml")
    config = read_bot_config(sample)
    assert config.turns.autoreply == "auto"
    assert config.owner.demo
    assert [seat.type for seat in config.web.seats] == list(DEFAULTS)


def test_a_new_install_should_send_nothing_by_itself() -> None:
    assert TurnsConfig().autoreply == TurnsConfig().autoreply_strangers == "draft"
    assert not TelegramConfig().enabled
    assert not DiscordConfig().enabled
