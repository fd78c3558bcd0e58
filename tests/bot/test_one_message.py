"""One message should go all the way, and every other end should be visible."""

from typing import Any

import pytest

from adapters.base import ChatRef
from bot import keys
from bot.drafts import open_drafts
from bot.outcomes import read_history, read_outcome, recent_outcomes
from tests.bot.conftest import MakeDesk
from tests.bot.desk import NOW_MS, Desk


async def test_should_answer_a_line_with_the_notice_first(desk: Desk) -> None:
    assert await desk.line(text="did you eat?") == "taken"
    await desk.whole_turn("yes\nsoup")
    assert desk.adapter.texts == ["notice", "yes", "soup"]
    outcome = await read_outcome(desk.client, "test:1:1")
    assert outcome is not None
    assert (outcome.state, outcome.line_ids, outcome.reply) == ("answered", ("1",), "yes\nsoup")
    assert (outcome.blend, outcome.contact_type, outcome.generate_ms) == ({"core": 1.0}, "stranger", 7)
    assert outcome.total_ms >= 0
    assert [o.request_id for o in await recent_outcomes(desk.client, 5)] == ["test:1:1"]


async def test_should_leave_nothing_behind_when_a_turn_has_ended(desk: Desk) -> None:
    await desk.line()
    await desk.whole_turn()
    assert await desk.mailbox() == 0
    left = {key for key in await desk.all_keys() if not any(name in key for name in ("history", "shown", "seen"))}
    kept = {"chat:test:1", "counts", "outcome:test:1:1", "ledger:test:1:1", "recent", "requests", "results"}
    kept |= {"chats", "ended"}
    assert left == {f"ss:{{s0}}:{name}" for name in kept}
    assert await desk.client.xlen("ss:{s0}:results") == 0
    assert set(await desk.client.hkeys(keys.of_chat("test:1").chat)) == {
        *(b"fence", b"send_fence", b"disclosed_ms", b"contact", b"last_request", b"last_sent")
    }


async def test_should_give_the_notice_once_a_chat(desk: Desk) -> None:
    for _ in range(2):
        await desk.line()
        await desk.whole_turn()
    await desk.line(chat="2")
    await desk.turns.step()
    await desk.answer_all()
    await desk.collect()
    await desk.deliver("test:2")
    assert desk.adapter.texts == ["notice", "well", "well", "notice", "well"]


async def test_should_keep_the_notice_out_of_what_the_persona_reads(desk: Desk) -> None:
    await desk.line(text="hi")
    await desk.whole_turn("yes\nsoup")
    await desk.line(text="and then?")
    await desk.turns.step()
    [request] = await desk.requests()
    assert [(line.author, line.text) for line in request.lines] == [
        ("contact", "hi"),
        ("persona", "yes\nsoup"),
        ("contact", "and then?"),
    ]
    shown = await read_history(desk.client, ChatRef("test", "1"), 10)
    assert [line.line_id for line in shown] == ["1", "test:1:1#notice", "test:1:1#0", "test:1:1#1", "2"]
    assert [line.text for line in shown[1:4]] == ["notice", "yes", "soup"]


async def test_should_hold_a_reply_for_the_owner_by_default(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft")
    await desk.line()
    await desk.whole_turn("maybe")
    assert desk.adapter.texts == []
    assert await desk.state("test:1:1") == "held"
    assert [draft.text for draft in await open_drafts(desk.client)] == ["maybe"]
    assert [line.author for line in await desk.history()] == ["contact"]
    assert await desk.client.scard(keys.composing("test")) == 0
    assert await desk.client.ttl(keys.outcome("test:1:1")) == -1, "a held turn is not forgotten while it waits"


@pytest.mark.parametrize(
    ("turns", "line", "reason"),
    [({"autoreply": "off"}, {}, "off: strangers start in off"), ({"expiry_ms": 1_000}, {"at_ms": 1}, "stale")],
)
async def test_should_skip_with_a_reason(
    make_desk: MakeDesk, turns: dict[str, object], line: dict[str, Any], reason: str
) -> None:
    desk = make_desk(**turns)
    await desk.line(**line)
    await desk.turns.step()
    assert (await desk.state("test:1:1"), await desk.reason("test:1:1")) == ("skipped", reason)
    assert await desk.requests() == []
    assert await desk.mailbox() == 0


async def test_should_tell_an_asking_contact_that_it_is_a_machine(desk: Desk) -> None:
    await desk.line(text="are you a bot?")
    await desk.whole_turn("no lol")
    assert desk.adapter.texts[1:] == ["Honestly: yes, a machine is answering in the owner's name."]


async def test_should_be_honest_even_when_the_reply_may_not_go_out(desk: Desk) -> None:
    await desk.line(text="are you a bot?")
    await desk.whole_turn("call +49 (0)170 1234567")
    assert desk.adapter.texts[1:] == ["Honestly: yes, a machine is answering in the owner's name."]
    assert await desk.state("test:1:1") == "answered"


async def test_should_answer_as_the_type_in_the_contacts_file(desk: Desk, tmp_path: object) -> None:
    desk.turns._contacts._path.write_text('{"contacts":[{"name":"Ann V","type":"family","ids":["test:ann"]}]}')
    await desk.line()
    await desk.line(chat="2", sender_id="bob", sender_name="Bob")
    await desk.line(chat="3", sender_id="eve", declared_type="friend")
    await desk.turns.step()
    found = {r.chat_key: (r.contact_id, r.contact_name, r.contact_type) for r in await desk.requests()}
    assert found == {
        "test:1": ("test:ann", "Ann V", "family"),
        "test:2": ("test:bob", "Bob", "stranger"),
        "test:3": ("test:eve", "Ann", "friend"),
    }
    assert await desk.now_ms() < NOW_MS
