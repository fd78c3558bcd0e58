"""The parts of the Discord adapter that need no connection: guards, roles, pages, lanes, watermarks, configuration."""

import asyncio
from pathlib import Path

import pytest

from adapters.discord_adapter import nonce_of
from adapters.discord_backfill import Watermarks
from adapters.discord_cards import LONGEST, pages, shortened, typed
from adapters.discord_client import intents_of
from adapters.discord_convert import at_ms, is_active, type_from_roles
from adapters.discord_guard import LoopGuard
from adapters.discord_lanes import Lanes
from adapters.discord_settings import DiscordSettings
from bot.discord_config import TOKEN_VARIABLE, DiscordConfig, discord_settings
from model_server.config import read_section
from model_server.errors import ConfigError
from tests.adapters.discord_stage import MemoryDouble
from tests.waiting import until

ROBIN = "1234567890123456789"


def test_the_first_role_in_the_order_of_the_file_should_say_the_type() -> None:
    wanted = (("Family", "family"), ("Close friends", "friend"), ("77", "colleague"))
    assert type_from_roles([("Close friends", 5), ("@everyone", 1)], wanted) == "friend"
    assert type_from_roles([("Work", 77), ("Close friends", 5)], wanted) == "friend"
    assert type_from_roles([("Work", 77)], wanted) == "colleague"
    assert type_from_roles([("close friends", 5)], wanted) is None
    assert type_from_roles([], wanted) is None


def test_bots_should_be_heard_a_few_times_and_then_wait_for_a_person() -> None:
    guard = LoopGuard(2)
    assert [guard.admits(7, n, True) for n in (1, 2, 3, 4)] == [True, True, False, False]
    assert guard.admits(8, 5, True), "another channel counts for itself"
    assert guard.admits(7, 6, False)
    assert guard.admits(7, 7, True)


def test_a_bots_line_that_is_tried_again_should_count_once() -> None:
    guard = LoopGuard(1)
    assert [guard.admits(7, 1, True), guard.admits(7, 1, True), guard.admits(7, 2, True)] == [True, True, False]


def test_a_channel_should_be_active_for_a_day_after_a_line_was_taken() -> None:
    mark = (1_000 * 86_400_000) << 22
    assert is_active(mark, at_ms(mark) + 1_000)
    assert not is_active(mark, at_ms(mark) + 86_400_000)
    assert not is_active(None, at_ms(mark))


def test_a_long_answer_should_come_in_pages_without_loss() -> None:
    text = "\n".join(f"line {n} " + "x" * 40 for n in range(200))
    cut = pages(text)
    assert all(len(page) <= LONGEST for page in cut)
    assert "\n".join(cut) == text
    assert "".join(pages("y" * 4_500)) == "y" * 4_500
    assert pages("short") == ["short"]


def test_a_long_card_should_keep_its_head_and_its_end() -> None:
    card = shortened("HEAD" + "x" * 5_000 + "END")
    assert len(card) <= LONGEST
    assert card.startswith("HEAD")
    assert card.endswith("END")


def test_a_forms_text_should_be_found_in_rows_and_in_labels() -> None:
    field = {"type": 4, "custom_id": "text", "value": "my words"}
    assert typed({"components": [{"type": 1, "components": [field]}]}) == "my words"
    assert typed({"components": [{"type": 18, "component": field}]}) == "my words"
    assert typed({"components": []}) == ""


def test_a_nonce_should_be_stable_and_short_enough() -> None:
    assert nonce_of("discord:1:5:0") == nonce_of("discord:1:5:0") != nonce_of("discord:1:5:1")
    assert len(nonce_of("x" * 300)) == 25


def test_only_chosen_channels_should_need_the_message_content_intent() -> None:
    plain = intents_of(DiscordSettings("t", "Alex"))
    chosen = intents_of(DiscordSettings("t", "Alex", channels=frozenset({1})))
    assert not plain.message_content
    assert chosen.message_content
    assert {name for name, on in plain if on} == {"guilds", "guild_messages", "dm_messages"}


def test_the_token_should_be_in_no_repr() -> None:
    assert "sesame" not in repr(DiscordSettings("sesame", "Alex"))


async def test_a_lane_should_keep_its_order_while_others_go_on() -> None:
    lanes, done, gate = Lanes(), list[str](), asyncio.Event()

    async def wait(name: str) -> None:
        await gate.wait()
        done.append(name)

    async def note(name: str) -> None:
        done.append(name)

    lanes.put(1, lambda: wait("first"))
    lanes.put(1, lambda: note("second"))
    lanes.put(2, lambda: note("beside"))
    await until(lambda: done == ["beside"])
    gate.set()
    await until(lambda: done == ["beside", "first", "second"])
    await lanes.close()


async def test_work_that_fails_should_be_tried_again_before_what_follows_and_never_be_given_up() -> None:
    lanes, done, fails = Lanes(pauses_s=(0.001, 0.001)), list[str](), [2, 9]

    async def flaky(which: int) -> None:
        if fails[which]:
            fails[which] -= 1
            raise OSError
        done.append(f"flaky {which}")

    async def after() -> None:
        done.append("after")

    for work in (lambda: flaky(0), lambda: flaky(1), after):
        lanes.put(1, work)
    await until(lambda: "after" in done)
    assert done == ["flaky 0", "flaky 1", "after"]
    await lanes.close()


async def test_a_flaw_of_ours_should_be_left_at_once() -> None:
    lanes, tries, done = Lanes(pauses_s=(0.001, 0.001)), list[int](), list[str]()

    async def flawed() -> None:
        tries.append(1)
        raise KeyError

    async def after() -> None:
        done.append("after")

    lanes.put(1, flawed)
    lanes.put(1, after)
    await until(lambda: done)
    assert len(tries) == 1
    await lanes.close()


async def test_a_watermark_should_never_move_back_and_outlive_the_process() -> None:
    memory = MemoryDouble()
    marks = Watermarks(memory)
    await marks.load()
    await marks.move(7, 50)
    await marks.move(7, 40)
    again = Watermarks(memory)
    await again.load()
    assert (again.of(7), again.of(8), again.known()) == (50, None, (7,))
    await again.drop(7)
    assert memory.facts == {}


async def test_a_held_watermark_should_stay_until_nothing_is_missing_any_more() -> None:
    memory = MemoryDouble()
    marks = Watermarks(memory)
    marks.hold(7)
    await marks.move(7, 50)
    assert marks.of(7) == 50, "a channel without a past has no gap"
    marks.hold(7)
    await marks.move(7, 60)
    await marks.carried_out(7, 70)
    assert (marks.of(7), marks.latest(7), memory.facts["seen:7"]) == (50, 70, "50")
    again = Watermarks(memory)
    await again.load()
    assert [again.is_carried_out(7, word) for word in (50, 70, 71)] == [True, True, False]
    await marks.release(7)
    assert (marks.of(7), memory.facts["seen:7"]) == (70, "70")


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def test_the_section_should_become_settings() -> None:
    document = {
        "discord": {
            "enabled": True,
            "token": "abc.def.ghi",
            "channels": [1234567890123456789, "2234567890123456789"],
            "roles": {"Family": "family", "Close friends": "friend"},
            "allowed_bots": ["3234567890123456789"],
        }
    }
    settings = discord_settings(read_section(document, "discord", DiscordConfig), "Alex")
    assert settings is not None
    assert settings.channels == {1234567890123456789, 2234567890123456789}
    assert settings.roles == (("Family", "family"), ("Close friends", "friend"))
    assert settings.allowed_bots == {3234567890123456789}
    assert settings.voice == "Alex"


def test_discord_should_be_off_by_default() -> None:
    assert discord_settings(DiscordConfig(), "Alex") is None


def test_the_token_should_come_from_the_environment_then_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("from.the.file\n")
    file.chmod(0o600)
    config = DiscordConfig(enabled=True, token="from.the.key", token_file=str(file))
    settings = discord_settings(config, "Alex")
    assert settings is not None
    assert settings.token == "from.the.file"
    monkeypatch.setenv(TOKEN_VARIABLE, "from.the.environment")
    settings = discord_settings(config, "Alex")
    assert settings is not None
    assert settings.token == "from.the.environment"


def test_a_token_file_that_others_can_read_should_be_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret.of.mine")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600") as refused:
        discord_settings(DiscordConfig(enabled=True, token_file=str(file)), "Alex")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "SELFSAME_DISCORD_TOKEN"),
        ({"token": "Bot abc"}, "not one word"),
        ({"token": "abc", "webhook_channels": (1,), "voice_name": "Discord Dan"}, "may not contain `discord`"),
        ({"token": "abc", "webhook_channels": (1,), "voice_name": "x" * 81}, "1 to 80"),
        ({"token": "abc", "avatar_url": "http://example.org/me.png"}, "https"),
        ({"token": "abc", "api_base": "http://example.org/api"}, "in the clear"),
        ({"token": "abc", "api_base": "http://localhost:8081@example.org"}, "in the clear"),
        ({"token": "abc", "api_base": "http://localhost:1.evil.com"}, "no address"),
        ({"token": "abc", "api_base": "ws://localhost:80"}, "in the clear"),
        ({"token": "abc", "api_base": "https://"}, "no address"),
        ({"token": "abc", "api_base": "https://[::1"}, "no address"),
        ({"token": "abc", "api_base": "https://example.org:99999"}, "no address"),
        ({"token": "abc", "api_base": "discord.com"}, "no address"),
    ],
)
def test_what_cannot_work_should_be_refused_with_the_next_step(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        discord_settings(DiscordConfig(enabled=True, **changes), "Alex")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8081/api/v10", "http://[::1]:8081", "https://discord.example.org"]
)
def test_an_address_that_keeps_the_token_should_be_taken(address: str) -> None:
    taken = discord_settings(DiscordConfig(enabled=True, token="abc", api_base=address), "Alex")
    assert taken is not None
    assert taken.api_base == address


def test_an_id_that_is_no_number_should_be_refused() -> None:
    with pytest.raises(ConfigError, match="channels"):
        read_section({"discord": {"channels": ["general"]}}, "discord", DiscordConfig)
