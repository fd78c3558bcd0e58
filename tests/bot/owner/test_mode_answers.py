"""What the owner orders: modes, pauses, panic, schedule; on real Redis."""

import pytest

from bot import keys
from bot.owner.cards import token_of
from tests.bot.owner.conftest import NOON_MS, MakeOwner, Owner, drafted


async def test_should_say_what_applies_until_when_and_how_to_take_it_back(make_owner: MakeOwner) -> None:
    owner = make_owner(lambda: NOON_MS)
    assert await owner.says("/autoreply auto for 2h for family") == (
        "Auto for family until 14:00, then draft. Replies go out by themselves.\n"
        "Take it back: /autoreply clear for family"
    )
    assert await owner.says("/autoreply clear for family") == (
        "No order for family any more. Now draft: Replies wait for your word."
    )
    everywhere = (await owner.says("autoreply auto")).splitlines()
    assert everywhere == [
        "Auto everywhere. Replies go out by themselves.",
        "Strangers: draft. To change that: /autoreply auto for stranger",
        "Take it back: /autoreply clear",
    ]
    await owner.says("/panic")
    assert "PANIC is on: nothing is sent. /resume ends it." in await owner.says("/autoreply off")


async def test_should_decide_anew_at_once_when_the_mode_changes(owner: Owner) -> None:
    """A reply that is being written under `auto` must not leave under `off`."""
    await owner.says("/autoreply auto for stranger")
    await owner.bot.line()
    await owner.bot.turns.step()
    await owner.says("/autoreply off for stranger")
    await owner.bot.turns.step()
    await owner.bot.answer_all()
    await owner.bot.collect()
    assert await owner.bot.deliver() == []
    assert await owner.bot.state("test:1:1") == "skipped"


async def test_should_order_for_one_chat_contact_or_type(owner: Owner) -> None:
    await owner.bot.line("1", sender_id="ann", sender_name="Ann")
    await owner.bot.line("2", sender_id="bo", sender_name="Bo")
    await owner.bot.turns.step()
    assert "Off in Ann (stranger, test:1)" in await owner.says("/autoreply off in ann")
    assert "Auto for Bo" in await owner.says("/autoreply auto for Bo")
    status = await owner.says("/status")
    assert "Ann (test:1): off in this chat" in status
    assert "Bo: auto for this contact" in status
    assert "strangers: draft: strangers start in draft" in status


async def test_should_list_who_could_be_meant_and_change_nothing(owner: Owner) -> None:
    await owner.bot.line("1", sender_id="a1", sender_name="Ann")
    await owner.bot.line("2", sender_id="a2", sender_name="Ann")
    await owner.bot.turns.step()
    text = await owner.is_refused("/autoreply auto for ann")
    assert "2 people match `ann`" in text
    assert "Ann (stranger): test:a1" in text
    assert (await owner.desk.office.orders()).rules == {}


async def test_should_hint_at_what_was_meant(owner: Owner) -> None:
    assert "Did you mean /autoreply?" in await owner.is_refused("/autorply off")
    assert "/help" in await owner.is_refused("how are you")


async def test_should_stop_every_send_in_a_panic_until_resumed(owner: Owner) -> None:
    draft = await drafted(owner)
    panicked = await owner.says("panic")
    assert "PANIC" in panicked
    assert "Replies on their way are called back" in panicked
    toast = (await owner.presses(token_of("send", draft))).toast
    assert "PANIC is on" in toast
    assert (await owner.bot.deliver())[-1:] == ["halted"]
    assert owner.bot.adapter.sent == []
    assert "PANIC is on" in (await owner.says("/status")).splitlines()[0]
    assert "The panic is over: what you approved" in await owner.says("/resume")
    await owner.bot.lapse()
    await owner.bot.deliver()
    assert owner.bot.adapter.texts == ["notice", "well"]


async def test_should_panic_even_where_the_orders_cannot_be_read(owner: Owner) -> None:
    await owner.bot.client.hset("ss:{s0}:orders", "rule:global", "?")
    assert "unreadable" in await owner.is_refused("/status")
    await owner.says("/panic")
    assert await owner.bot.client.exists(keys.HALT)
    assert await owner.desk.board() == (), "what waits can be looked at all the same"


async def test_should_put_everything_off_while_paused(owner: Owner) -> None:
    await owner.says("/autoreply auto for stranger")
    assert "Paused everywhere until you resume" in await owner.says("/pause")
    await owner.bot.line()
    await owner.bot.turns.step()
    assert await owner.bot.requests() == []
    assert "Paused until you resume" in await owner.says("/status")
    await owner.says("/resume")
    await owner.bot.turns.step()
    assert len(await owner.bot.requests()) == 1


async def test_should_keep_out_of_one_chat(owner: Owner) -> None:
    await owner.bot.line()
    await owner.bot.turns.step()
    assert "I keep out of Ann (test:1)" in await owner.says("/pause for 2h in ann")
    await owner.bot.turns.step()
    await owner.bot.answer_all()
    await owner.bot.collect()
    assert "No draft waits" in await owner.says("/drafts")
    assert "yours alone: Ann (test:1) until" in await owner.says("/status")
    assert "Back in Ann (test:1)" in await owner.says("/resume in ann")
    await owner.bot.turns.step()
    assert len(await owner.bot.requests()) == 1


async def test_should_keep_a_weekly_schedule(make_owner: MakeOwner) -> None:
    owner = make_owner(lambda: NOON_MS)
    added = await owner.says("/schedule add mon-fri 09:00-17:00 auto for family")
    assert added == (
        "Added 1. mon-fri 09:00-17:00 auto for family — now, until 17:00\nTake it back: /schedule remove 1"
    )
    assert "Added 2. daily 22:00-07:00 quiet everywhere" in await owner.says("/schedule add daily 22:00-07:00 quiet")
    assert (await owner.says("/schedule")).splitlines()[0] == "Schedule (Europe/Amsterdam, now 12:00):"
    assert "next change by itself: 17:00" in await owner.says("/status")
    assert "Times mean America/New_York now" in await owner.says("/schedule zone america/new_york")
    assert "Removed 1. mon-fri 09:00-17:00 auto for family" in await owner.says("/schedule remove 1")
    assert "no window 1" in await owner.is_refused("/schedule remove 1")


async def test_should_say_what_still_stands_above_an_order(make_owner: MakeOwner) -> None:
    owner = make_owner(lambda: NOON_MS)
    await owner.bot.line()
    await owner.bot.turns.step()
    await owner.says("/schedule add daily 11:00-13:00 quiet")
    assert "But for now: auto, but quiet hours until 13:00." in await owner.says("/autoreply auto for family")
    await owner.says("/schedule remove 1")
    await owner.says("/contact block ann")
    said = await owner.says("/autoreply auto in ann")
    assert "Auto in Ann (stranger, test:1)." in said
    assert "But for now: blocked" in said


@pytest.mark.parametrize("words", ["auto for Ann", "auto for 2h for Ann", "clear for test:ann", "off for Ann"])
async def test_should_not_unblock_by_an_order(owner: Owner, words: str) -> None:
    await owner.bot.line()
    await owner.bot.turns.step()
    await owner.says("/contact block ann")
    before = await owner.desk.office.orders()
    assert (await owner.is_refused(f"/autoreply {words}")).startswith("Ann is blocked: /contact unblock ")
    assert await owner.desk.office.orders() == before


async def test_should_take_a_type_for_the_type_whoever_calls_himself_so(owner: Owner) -> None:
    await owner.bot.line(sender_name="family")
    await owner.bot.turns.step()
    said = await owner.says("/autoreply auto for family")
    assert "Auto for family." in said
    assert "`family` means the type; the person of that name is test:ann." in said
    assert list((await owner.desk.office.orders()).rules) == ["type:family"]
    assert "the person of that name is test:ann" in await owner.says("/blend family core=1")
    assert "the person of that name is test:ann" in await owner.says("/schedule add daily 09:00-17:00 off for family")


async def on_its_way(owner: Owner) -> None:
    """A reply sent by itself, its notice sent, the rest waiting for its moment."""
    await owner.says("/autoreply auto for stranger")
    await owner.bot.line()
    await owner.bot.turns.step()
    await owner.bot.answer_all("one\ntwo")
    await owner.bot.collect()


@pytest.mark.parametrize(
    "text", ["/autoreply off for stranger", "/autoreply draft for stranger", "/pause", "/contact block Ann"]
)
async def test_should_call_a_reply_on_its_way_back_when_orders_forbid_it(owner: Owner, text: str) -> None:
    await on_its_way(owner)
    assert "Called back on its way: 1 reply." in await owner.says(text)
    await owner.bot.deliver()
    assert owner.bot.adapter.texts == []
    assert await owner.bot.state("test:1:1") == "skipped"
    assert await owner.bot.reason("test:1:1") == "called back"


@pytest.mark.parametrize("text", ["/contact type ann family", "/contact merge test:ann into bo"])
async def test_should_decide_anew_on_a_reply_on_its_way_when_somebody_is_sorted_anew(owner: Owner, text: str) -> None:
    """Ann was answered by herself as a stranger; as family, or as Bo, nobody is."""
    await owner.bot.line("2", sender_id="bo", sender_name="Bo")
    await owner.bot.turns.step()
    await on_its_way(owner)
    await owner.says("/contact type bo family")
    assert "Called back on its way: 1 reply." in await owner.says(text)


async def test_should_call_a_reply_back_when_the_chat_alone_is_paused(owner: Owner) -> None:
    await on_its_way(owner)
    await owner.says("/pause in test:1")
    await owner.bot.deliver()
    assert owner.bot.adapter.texts == []


async def test_should_let_a_reply_go_on_whose_order_did_not_change(owner: Owner) -> None:
    await on_its_way(owner)
    assert "Called back" not in await owner.says("/autoreply off for family")
    await owner.bot.deliver()
    assert owner.bot.adapter.texts[-2:] == ["one", "two"]


async def test_should_not_call_back_what_the_owner_approved(owner: Owner) -> None:
    draft = await drafted(owner)
    await owner.says(f"/send {draft.no}")
    assert "Called back" not in await owner.says("/autoreply off")
    assert "Called back" not in await owner.says("/pause")
    await owner.bot.deliver()
    assert owner.bot.adapter.texts[-1] == draft.text
