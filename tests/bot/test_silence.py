"""Fail silent, tell the owner: no byte should reach a contact that is not an allowed reply with its disclosure.

Hypothesis plays people, the owner, a model and a platform that fail in every way, and flaws in our own code; the judge
in `silence_judge` looks at each text at the moment it is handed to the platform.
"""

import asyncio
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
import redis.asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot import keys
from bot import scripts as bot_scripts
from bot.commit import Commits
from bot.deliver import Verdict
from bot.gate import Answer
from bot.owner.notices import NOTICES
from model_server.contract import REQUESTS, Result, decode_request
from model_server.errors import ConfigError
from model_server.redis_link import connect, connect_blocking
from tests.bot.silence import Silence
from tests.bot.silence_house import KINDS, reply_to
from tests.bot.silence_judge import CONTACTS, FAULTS, SECRET, TYPES

EXAMPLES = 60
PLACES = (
    "bot.turns.build_request",
    "bot.turns.decide",
    "bot.turns.read_claim",
    "bot.judgement.check",
    "bot.outbox.judge",
    "bot.commit.pace",
    "bot.commit.facts_of",
    "bot.drafts.at_once",
    "bot.contacts.ContactBook.resolve",
)
chats = st.sampled_from((*"111", *TYPES))
"""Mostly one chat: more happens to it."""
kinds = st.sampled_from(("good",) * 12 + KINDS)
faults = st.lists(st.sampled_from(("taken", "taken", *FAULTS)), max_size=3).map(tuple)
modes = st.sampled_from(("auto", "draft", "draft", "off", "clear"))
places = st.sampled_from(("", "in test:1", "in test:1", "in test:3", "for family", "for stranger"))
verbs = st.sampled_from(("send", "send", "edit", "edit", "discard", "regenerate", "takeover"))
ways = st.sampled_from(("pressed", "typed", "asked"))
words = st.sampled_from(
    ("/start", "/help", "/privacy", "/human", "/forgetme", "/forgetme yes", "/nonsense", "/start now then")
)


def happens(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    return st.tuples(st.just(name), *arguments).map(lambda event: [event])


def turn(chat: str, kind: str, held: str, trouble: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """A line comes and is answered; `held`: what the owner does if it became a draft."""
    answered: list[tuple[Any, ...]] = [("hears", chat), ("looks",), ("model_answers", kind), ("results_are_read",)]
    return [*answered, ("decides", held, "pressed"), ("delivers", chat, *trouble)]


def back_to_work(mode: str) -> list[tuple[Any, ...]]:
    """The owner ends whatever kept his first chat silent; what follows is then not all silence."""
    return [("commands", "resume", ""), ("commands", "resume", "1"), ("orders", mode, "in test:1")]


at_work = st.builds(back_to_work, st.sampled_from(("auto", "draft", "draft")))
turns = st.builds(turn, chats, kinds, verbs, faults)
whole = st.tuples(at_work, turns).map(lambda both: both[0] + both[1])
events = st.one_of(
    *[whole] * 6,
    *[turns] * 4,
    at_work,
    happens("hears", chats),
    happens("hears", chats),
    happens("hears", chats, words),
    happens("looks"),
    happens("looks"),
    happens("model_answers", kinds),
    happens("model_answers", kinds),
    happens("results_are_read"),
    happens("results_are_read"),
    st.builds(lambda chat, trouble: [("delivers", chat, *trouble)], chats, faults),
    st.builds(lambda chat, trouble: [("delivers", chat, *trouble)], chats, faults),
    happens("decides", verbs, ways),
    happens("decides", verbs, ways),
    happens("orders", modes, places),
    happens("orders", modes, places),
    happens(
        "commands", st.sampled_from(("pause", "resume", "resume", "panic", "undo")), st.sampled_from(("", "1", "1"))
    ),
    happens("commands", st.just("resume"), st.sampled_from(("", "1", "1", "3"))),
    happens("owner_types", chats),
    happens("edits", chats, st.integers(0, 2)),
    happens("takes_back", chats, st.integers(0, 2)),
    happens("hears_too_late", chats),
    happens("hears_too_late", chats),
    happens("asks_in_place", chats, st.sampled_from(("start", "privacy", "nonsense"))),
    happens("impostor_says", st.sampled_from(("/resume", "/autoreply auto", "/send 1", "/panic"))),
    happens("breaks", st.sampled_from(PLACES)),
    happens("breaks", st.sampled_from(PLACES)),
    happens("contacts_file", st.sampled_from((b"{", b"\xff", CONTACTS))),
    happens("owner_is_told"),
)
long = st.lists(events, min_size=20, max_size=50)
scenarios = st.one_of(st.lists(events, max_size=10), long, long, long).map(
    lambda parts: [event for part in parts for event in part]
)
"""Mostly long; a failing one may shrink to a short one."""
Scenario = list[tuple[Any, ...]]


@pytest.fixture
def quick_url(redis_url: str) -> Iterator[str]:
    """The same server, not waiting for its disk."""
    client = connect_blocking(redis_url)
    client.config_set("appendfsync", "no")
    yield redis_url
    client.config_set("appendfsync", "always")
    client.close()


@contextmanager
def breakable(house: Silence) -> Iterator[None]:
    """Our own code fails where and as often as the scenario wants."""
    with pytest.MonkeyPatch.context() as patch:
        for place in PLACES:
            real = pkgutil.resolve_name(place)

            def broken(*arguments: Any, place: str = place, real: Any = real, **named: Any) -> Any:
                house.fails(place)
                return real(*arguments, **named)

            patch.setattr(place, broken)
        yield


def play(url: str, directory: Path, scenario: Scenario, *, resend_safe: bool = False) -> Silence:
    """The whole scenario, then the end of everything. Raises AssertionError where the promise breaks."""

    async def played() -> Silence:
        client = connect(url)
        house = Silence(client, directory, resend_safe=resend_safe)
        try:
            with breakable(house), capture_logs() as logs:
                await house.begin()
                for name, *arguments in scenario:
                    await getattr(house, name)(*arguments)
                await house.everything_ends()
            assert not [entry for entry in logs if SECRET in str(entry) and "CUDA" not in str(entry)]
            return house
        finally:
            await client.aclose()

    return asyncio.run(played())


def test_no_byte_should_reach_a_contact_that_nobody_allowed(quick_url: str, tmp_path: Path) -> None:
    # no shrinking, as in `test_machine`: minutes of replays would hide what was found first
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(scenario=scenarios, resend_safe=st.booleans())
    def holds(scenario: Scenario, resend_safe: bool) -> None:
        play(quick_url, tmp_path, scenario, resend_safe=resend_safe)

    holds()


ANSWERED: Scenario = [("hears", "1"), ("looks",), ("model_answers", "good"), ("results_are_read",)]
EVERYTHING: Scenario = [
    *[("hears", "1"), ("looks",), ("model_answers", "failed"), ("results_are_read",)],
    *[*ANSWERED, ("delivers", "1", "taken", "hidden"), ("delivers", "1")],
    *[*ANSWERED, ("orders", "off", "for family"), ("delivers", "1"), *ANSWERED, ("delivers", "1")],
    *[("orders", "draft", "for family"), *ANSWERED, ("delivers", "1")],
    *[("orders", "auto", "for family"), *ANSWERED, ("commands", "panic", ""), ("delivers", "1")],
]


async def leak(self: Commits, entry_id: bytes, result: Result, reason: str) -> str:
    """What went wrong becomes what is said."""
    raw = cast(bytes, await self._scripts.client.hget(keys.of_chat(result.chat_key).chat, "request"))
    request = decode_request(raw)
    return await self.commit(entry_id, reply_to(request, reason), request, reason)


def rewritten(name: str, before: str, after: str) -> Callable[[str], str]:
    """The scripts, one of them with another sentence."""
    real = bot_scripts._lua

    def read(script: str) -> str:
        assert name != script or before in real(script)
        return real(script).replace(before, after) if script == name else real(script)

    return read


NO_NOTICE = rewritten("claim_send", "'disclosed_ms') == 0", "'disclosed_ms') == 2")
NO_HALT = rewritten("begin", "redis.call('EXISTS', key.halt) == 1", "false")
NO_RECALL = rewritten("recall", "found == 'done'", "false")
PANIC_WAITS = rewritten("begin", "halted and not unasked", "halted")
NO_DRAFTS = rewritten("commit", "mode == 'hold'", "false")
NO_LETTERS = rewritten("ends", "state == 'dead' or state == 'unknown'", "false")


def no_panic(script: str) -> str:
    """What waits under the kill switch leaves when it is off again."""
    return PANIC_WAITS(script).replace("redis.call('GET', key.resumed)", "nil")


@pytest.mark.parametrize(
    "fault",
    [
        ("bot.commit.Commits.fail", leak, "nobody allowed"),
        ("bot.scripts._lua", NO_NOTICE, "the notice comes first"),
        ("bot.scripts._lua", NO_HALT, "nothing leaves under the kill switch"),
        ("bot.scripts._lua", NO_RECALL, "the owner has called it back"),
        ("bot.scripts._lua", no_panic, "the owner has called it back"),
        ("bot.scripts._lua", NO_DRAFTS, "nobody allowed"),
        ("bot.scripts._lua", NO_LETTERS, "the owner hears of every failure"),
        ("bot.turns.decide", lambda facts: Answer(), "nobody allowed"),
        ("bot.deliver.Courier._hidden", lambda self, chat: Verdict("pending"), "no bubble is handed over twice"),
    ],
    ids=["leak", "no notice", "no halt", "no recall", "no panic", "no drafts", "no letters", "off is auto", "hidden"],
)
def test_the_judge_should_see(
    quick_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: tuple[str, object, str]
) -> None:
    """A fault planted in the product, in a scenario that holds without it."""
    place, planted, said = fault
    play(quick_url, tmp_path, EVERYTHING)
    monkeypatch.setattr(place, planted)
    with pytest.raises(AssertionError, match=said):
        play(quick_url, tmp_path, EVERYTHING)


@pytest.mark.parametrize("trouble", [PermissionError(SECRET), ConfigError("excluded.json cannot be read", "mend it")])
async def test_a_wish_to_be_forgotten_that_fails_should_go_to_the_owner(
    redis_client: redis.asyncio.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    monkeypatch.setattr("bot.owner.contact_words.exclude", Mock(side_effect=trouble))
    house = Silence(redis_client, tmp_path, resend_safe=False)
    await house.begin()
    told = await redis_client.xlen(NOTICES)
    async with asyncio.timeout(1):
        await house.hears("1", "/forgetme yes")
    await house.looks()
    assert not await redis_client.xlen(REQUESTS), "no persona answers a command"
    assert await redis_client.xlen(NOTICES) > told or await redis_client.xlen(keys.DEAD)


async def test_a_regeneration_that_fails_should_be_told(redis_client: redis.asyncio.Redis, tmp_path: Path) -> None:
    house = Silence(redis_client, tmp_path, resend_safe=False)
    await house.begin()
    for name, *arguments in [("orders", "draft", "for family"), *ANSWERED, ("owner_is_told",)]:
        await getattr(house, name)(*arguments)
    before = house.edge.owner_saw[-1]
    await house.decides("regenerate", "pressed")
    await house.model_answers("failed")
    await house.results_are_read()
    await house.owner_is_told()
    assert house.edge.owner_saw[-1] != before or await redis_client.xlen(keys.DEAD)


async def test_trouble_that_hides_a_reply_should_not_hide_its_letter(
    redis_client: redis.asyncio.Redis, tmp_path: Path
) -> None:
    """The same 502 meets the reply and, a moment later, the word to the owner that it is unknown."""
    house = Silence(redis_client, tmp_path, resend_safe=False)
    await house.begin()
    for name, *arguments in [*ANSWERED, ("delivers", "1", "taken", "hidden", "hidden")]:
        await getattr(house, name)(*arguments)
    house.edge.owner_script = ["hidden"]
    await house.owner_is_told()
    await house.owner_is_told()
    assert any("may or may not have arrived" in text for text in house.edge.owner_saw)
