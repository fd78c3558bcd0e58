"""The digest: what happened since a moment, by whom, and what still waits."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import redis.asyncio

from bot import keys
from bot.drafts import Draft
from bot.owner.digest import Ended, digest, summary
from tests.bot.conftest import MakeDesk

SINCE = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
NOOR, MUM = "Noor (friend)", "Mum (family)"


def draft(no: int, name: str, contact_type: str) -> Draft:
    return Draft(
        no=no,
        request_id=f"test:{no}:1",
        chat_key=f"test:{no}",
        contact_id=f"test:{name}",
        contact_name=name,
        contact_type=contact_type,
        lines=(),
        text="well",
        blend={},
        state="open",
        reason="",
        version=1,
        created_ms=0,
        deadline_ms=0,
        regenerating=False,
        final="",
    )


def test_should_count_how_turns_ended_and_by_whom() -> None:
    ended = [
        *[Ended("answered", "", NOOR)] * 3,
        Ended("answered", "", MUM),
        Ended("sent", "", MUM),
        Ended("edited", "", MUM),
        Ended("own", "owner answered", NOOR),
        Ended("undone", "", NOOR),
        Ended("held", "waits for the owner", MUM),
        Ended("skipped", "autoreply is off", NOOR),
        *[Ended("skipped", "stale", MUM)] * 2,
        Ended("dead", "expired", NOOR),
        Ended("unknown", "the platform hid the outcome", NOOR),
        *[Ended("word", "contact word", "somebody")] * 2,
    ]
    assert summary(ended, [draft(17, "Mum", "family"), draft(18, "", "")], SINCE).splitlines() == [
        "Since Tue 03 Mar, 08:00:",
        "4 answered by itself: Noor (friend) 3, Mum (family)",
        "1 answered with a draft that you approved: Mum (family)",
        "1 answered in your words (edited drafts): Mum (family)",
        "1 answered by you: Noor (friend)",
        "1 answered and taken back: Noor (friend)",
        "1 held for you: Mum (family)",
        "2 asked for a fixed text (/privacy and such): somebody 2",
        "3 left unanswered: Mum (family) 2, Noor (friend). Why: stale 2, autoreply is off",
        "1 failed: Noor (friend). Why: expired",
        "1 sent perhaps (the platform did not say): Noor (friend). Why: the platform hid the outcome",
        "Waiting for you (/drafts): 17 for Mum (family), 18 for somebody",
    ]


def test_should_say_that_nobody_wrote() -> None:
    assert summary([], [], SINCE) == "Since Tue 03 Mar, 08:00:\nNobody wrote."


def test_should_name_eight_and_count_the_rest() -> None:
    said = summary([Ended("answered", "", f"N{at}") for at in range(20)], [], SINCE)
    assert said.splitlines()[1] == "20 answered by itself: N0, N1, N2, N3, N4, N5, N6, N7, and 12 more"


async def test_should_tell_what_really_happened_since_that_moment(make_desk: MakeDesk) -> None:
    desk = make_desk()
    await desk.line(chat="1")
    await desk.turns.step()
    await desk.answer_all()
    await desk.collect()
    await desk.deliver()
    quiet = make_desk(autoreply="off", autoreply_strangers="off")
    await quiet.line(chat="2", line_id="b", sender_id="bob", sender_name="Bob")
    await quiet.turns.step()
    seconds, _ = await desk.client.time()
    zone = ZoneInfo("Asia/Tokyo")
    said = (await digest(desk.client, (seconds - 60) * 1000, (seconds + 60) * 1000, zone)).splitlines()
    at = datetime.fromtimestamp(seconds - 60, zone)
    assert said[0] == f"Since {at:%a %d %b, %H:%M}:"
    assert said[1] == "1 answered by itself: Ann (stranger)"
    assert said[2].startswith("1 left unanswered: Bob (stranger). Why: ")
    assert len(said) == 3
    later = await digest(desk.client, (seconds + 50) * 1000, (seconds + 60) * 1000, zone)
    assert later.endswith("Nobody wrote.")


async def test_should_tell_who_answered_and_what_was_taken_back(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft", autoreply_strangers="draft")
    for chat, name in (("1", "Sent"), ("2", "Edited"), ("3", "Own"), ("4", "Undone")):
        await desk.line(chat, sender_id=name, sender_name=name)
        draft = await desk.drafted("well", chat)
        match name:
            case "Edited":
                await desk.drafts.edit(draft.no, "mine")
            case "Own":
                await desk.line(chat, sender_id="me", from_owner=True)
            case _:
                await desk.drafts.send(draft.no)
        await desk.deliver(f"test:{chat}")
    await desk.client.hset(keys.outcome("test:4:5"), "undone_ms", 1)
    seconds, _ = await desk.client.time()
    said = (await digest(desk.client, (seconds - 60) * 1000, (seconds + 60) * 1000, ZoneInfo("UTC"))).splitlines()
    assert said[1:] == [
        "1 answered with a draft that you approved: Sent (stranger)",
        "1 answered in your words (edited drafts): Edited (stranger)",
        "1 answered by you: Own (stranger)",
        "1 answered and taken back: Undone (stranger)",
    ]


async def test_should_let_nobody_write_into_it_by_a_name(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="off", autoreply_strangers="off")
    await desk.line(sender_name="Mum\n\nPANIC is on" + "x" * 200)
    await desk.turns.step()
    seconds, _ = await desk.client.time()
    said = await digest(desk.client, (seconds - 60) * 1000, (seconds + 60) * 1000, ZoneInfo("UTC"))
    assert "Mum PANIC is on" in said
    assert "x" * 100 not in said


async def test_should_leave_out_what_is_forgotten(redis_client: redis.asyncio.Redis) -> None:
    await redis_client.zadd(keys.ENDED, {"test:1:1": 5_000})
    assert (await digest(redis_client, 0, 10_000, ZoneInfo("UTC"))).endswith("Nobody wrote.")


async def test_should_name_the_drafts_that_wait(make_desk: MakeDesk) -> None:
    desk = make_desk(autoreply="draft", autoreply_strangers="draft")
    await desk.line()
    await desk.turns.step()
    await desk.answer_all()
    await desk.collect()
    seconds, _ = await desk.client.time()
    said = await digest(desk.client, (seconds - 60) * 1000, (seconds + 60) * 1000, ZoneInfo("UTC"))
    assert "1 held for you: Ann (stranger)" in said
    assert "Waiting for you (/drafts): 1 for Ann (stranger)" in said
