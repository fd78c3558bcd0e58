"""Contacts, blends and replies that were; on real Redis."""

from pathlib import Path

import msgspec

from model_server.fitted import Fitted, change_fitted
from model_server.presence import PREFIX, Presence
from tests.bot.owner.conftest import NOON_MS, Owner


async def test_should_sort_people_into_types(owner: Owner) -> None:
    await owner.bot.line()
    await owner.bot.turns.step()
    text = await owner.says("/contact type ann friend")
    assert text == "Ann is friend from the next message on.\nTake it back: /contact type Ann stranger"
    assert "friend: Ann" in await owner.says("/contact")
    assert "cannot name a contact type" in await owner.is_refused("/contact type ann core")
    assert "Ann: friend" in await owner.says("/contact show ann")
    await owner.says("/contact name ann to Ann Berg")
    assert "Ann Berg (test:1)" in await owner.says("/chats")


async def test_should_join_a_person_over_platforms_with_what_was_ordered(owner: Owner, tmp_path: Path) -> None:
    await owner.bot.line("1", sender_id="ann", sender_name="Ann")
    await owner.bot.line("2", sender_id="other", sender_name="ann_2")
    await owner.bot.turns.step()
    await owner.says("/contact type ann family")
    await owner.says("/autoreply auto for ann_2")
    await owner.says("/blend ann_2 core=1")
    text = await owner.says("/contact merge ann_2 into test:ann")
    assert text.splitlines()[0] == "ann_2 is Ann (family) now: test:ann, test:other"
    orders, book = await owner.desk.office.orders(), await owner.desk.office.blend_book()
    assert {name: rule.mode for name, rule in orders.rules.items()} == {"contact:test:ann": "auto"}
    assert book.contacts == {"test:ann": {"core": 1.0}}
    assert "Both are Ann already" in await owner.is_refused("/contact merge test:other into ann")


async def test_should_keep_a_block_over_a_merge(owner: Owner) -> None:
    await owner.bot.line("1", sender_id="ann", sender_name="Ann")
    await owner.bot.line("2", sender_id="pest", sender_name="Pest")
    await owner.bot.turns.step()
    await owner.says("/autoreply auto for ann")
    await owner.says("/autoreply auto for 2h for ann")
    await owner.says("/contact block pest")
    await owner.says("/contact merge pest into ann")
    orders = await owner.desk.office.orders()
    assert [rule.mode for rule in (*orders.rules.values(), *orders.timed.values())] == ["block"]


async def test_should_block_and_unblock(owner: Owner) -> None:
    await owner.bot.line()
    await owner.bot.turns.step()
    assert "Take it back: /contact unblock Ann" in await owner.says("/contact block ann")
    await owner.bot.turns.step()
    assert await owner.bot.state("test:1:1") == "skipped"
    assert "Ann: block" in await owner.says("/status")
    assert "not blocked any more" in await owner.says("/contact unblock ann")
    assert "is not blocked" in await owner.is_refused("/contact unblock ann")


async def test_should_set_show_and_clear_blends(owner: Owner) -> None:
    assert "family: core 0.9 + family 0.1 (set), from the next message on." in await owner.says(
        "/blend family core=0.9 family=0.1"
    )
    assert "friend: core 0.5 + friend 0.5 (default)" in await owner.says("/blend")
    assert "Back to the default. family: core 0.5 + family 0.5" in await owner.says("/blend clear family")
    assert "no blend of its own" in await owner.is_refused("/blend clear family")
    assert "out of bounds" in await owner.is_refused("/blend family core=9")


async def test_should_name_the_facets_that_are_still_to_be_trained(owner: Owner) -> None:
    """The weight of a missing facet goes to core; of core that would say nothing."""
    worker = Presence("w", ready=True, model="tiny", device="cpu", facets={})
    await owner.bot.client.set(f"{PREFIX}w", msgspec.json.encode(worker))
    said = await owner.says("/blend family core=0.5 family=0.5")
    assert "No worker has a facet `family` yet; its weight goes to core until then." in said
    assert "facet `core`" not in said


async def test_should_say_of_a_chat_that_it_is_the_owners_alone(owner: Owner) -> None:
    await owner.bot.line("1", sender_id="ann", sender_name="Ann")
    await owner.bot.line("2", sender_id="bo", sender_name="Bo")
    await owner.bot.turns.step()
    await owner.says("/autoreply auto in ann")
    await owner.says("/pause in ann")
    listed = await owner.says("/chats")
    assert "Ann (test:1): yours alone until you resume" in listed
    assert "Bo (test:2): draft" in listed
    assert "yours alone: Ann (test:1) until you resume" in await owner.says("/status")


async def test_should_tell_why_and_what_happened(owner: Owner) -> None:
    assert "No reply was sent lately" in await owner.is_refused("/why")
    await owner.says("/autoreply auto for stranger")
    await owner.bot.line(at_ms=NOON_MS * 2)
    await owner.bot.whole_turn("well then")
    text = await owner.says("/why")
    assert text.startswith("Ann (stranger): answered")
    assert "auto for stranger" in text
    assert "1 answered by itself: Ann (stranger)" in await owner.says("/digest 24h")
    assert "A digest each day at 08:00 (Europe/Amsterdam)" in await owner.says("/digest daily 08:00")
    assert "Each day at 08:00" in await owner.says("/digest")
    assert "No digest by itself" in await owner.says("/digest off")
    assert "Test has no way to delete" in await owner.is_refused("/undo")


async def test_should_let_nobody_write_into_the_answers_by_a_name(owner: Owner) -> None:
    await owner.bot.line(sender_name="Ann\nPANIC is on: " + "x" * 200)
    draft = await owner.bot.drafted()
    for said in (await owner.says("/chats"), await owner.says("/contact"), await owner.says("/drafts")):
        assert "\nPANIC" not in said
        assert "x" * 100 not in said
    [card] = await owner.desk.board()
    assert "\nPANIC" not in card.screen.text
    assert "\nPANIC" not in await owner.says(f"/send {draft.no}")


async def test_should_know_the_type_that_the_platform_suggests(owner: Owner) -> None:
    await owner.bot.line(suggested_type="friend")
    await owner.bot.turns.step()
    assert "friend: Ann" in await owner.says("/contact")
    await owner.says("/contact name ann to Ann Berg")
    assert "Ann Berg: friend" in await owner.says("/contact show ann")
    await owner.says("/contact type ann family")
    assert "Ann Berg: family" in await owner.says("/contact show ann")


async def test_should_say_which_blends_were_fitted(owner: Owner) -> None:
    await owner.bot.line("1", sender_id="ann", sender_name="Ann")
    await owner.bot.turns.step()
    await owner.says("/contact type ann friend")
    home = owner.desk.office.home
    change_fitted(
        home, lambda _: Fitted({"family": {"core": 0.4, "family": 0.8}}, {"test:ann": {"core": 0.7, "friend": 0.2}})
    )
    shown = await owner.says("/blend")
    assert "family: core 0.4 + family 0.8 (fitted)" in shown or "family: family 0.8 + core 0.4 (fitted)" in shown
    assert "Ann: core 0.7 + friend 0.2 (fitted)" in shown
    await owner.says("/blend family core=0.9")
    await owner.says("/blend friend core=0.6")
    shown = await owner.says("/blend")
    assert "family: core 0.9 (set)" in shown
    assert "Ann:" not in shown, "what the owner set for all friends wins over what was fitted to one"
    assert "Ann: core 0.6 (as friend)" in await owner.says("/blend ann")
    assert "Back to what was fitted." in await owner.says("/blend clear family")
    assert "Back to the default." in await owner.says("/blend clear friend")
