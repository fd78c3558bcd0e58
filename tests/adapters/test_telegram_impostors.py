"""Impostors of every kind against the real thing: server, library, adapter, inbox, desk, pairing, Redis.

Each says `/autoreply auto` or presses Send on a real draft, or tries to be paired. None changes what is stored about
authority, and none gets a word of the desk.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from bot.drafts import read_draft
from bot.order_store import ORDERS
from bot.owner import pairing
from tests.adapters.telegram_house import OWNER, STRANGER, House, house
from tests.adapters.test_telegram_authority import GROUP, IMPOSTORS, PRESSING_IMPOSTORS, message, private, user
from tests.telegram_server.state import Person
from tests.waiting import until

Impostor = Callable[[House], Awaitable[object]]
COMMAND = "/autoreply auto"
HER_OWN_PRESS = "a press with a command as data"
"""No word, but hers all the same: she is told that the button means nothing."""


@pytest.fixture
async def at_home(redis_client: redis.asyncio.Redis, tmp_path: Path) -> AsyncIterator[House]:
    async with house(redis_client, tmp_path) as made:
        yield made


def namesake(house: House) -> Person:
    """Somebody else with the owner's name and username."""
    return house.server.person("Mara", "mara_lq")


def raw(update: dict[str, Any]) -> Impostor:
    return lambda house: house.pushes(update)


def saying(text: str, **fields: Any) -> Impostor:
    """Mara's namesake says it in her own private chat with the bot."""
    return lambda house: house.server.contact_writes(namesake(house), text, **fields)


async def in_a_group(house: House) -> None:
    group = house.server.group("Rowing", basic=True)
    for said in (COMMAND, "/autoreply@selfsame_test_bot auto", f"@selfsame_test_bot {COMMAND}"):
        await house.server.contact_writes(house.mara, said, room=group)


async def in_a_topic(house: House) -> None:
    forum = house.server.group("Club", forum=True)
    await house.server.contact_writes(house.mara, f"@selfsame_test_bot {COMMAND}", room=forum, thread=5)


async def in_a_channel(house: House) -> None:
    await house.server.contact_writes(house.mara, COMMAND, room=house.server.channel("News"))


async def as_an_anonymous_admin(house: House) -> None:
    group = house.server.group("Rowing")
    nobody = house.server.person("Group", "GroupAnonymousBot", number=1087968824, is_bot=True)
    chat = {"id": group.chat_id, "type": "supergroup", "title": "Rowing"}
    await house.server.contact_writes(nobody, f"@selfsame_test_bot {COMMAND}", room=group, sender_chat=chat)


async def edited_into_a_command(house: House) -> None:
    hers = house.server.private(house.mara)
    number = house.server.world.say(hers, house.mara, "hello").id
    await house.server.edit(hers, number, COMMAND)


async def by_a_contact_in_her_chat(house: House) -> None:
    room = house.server.business(house.connection, house.stranger)
    number = await house.server.contact_writes(house.stranger, COMMAND, room=room)
    await house.server.edit(room, number, "/unpair")


async def by_herself_in_a_contacts_chat(house: House) -> None:
    room = house.server.business(house.connection, house.stranger)
    for said in (COMMAND, "/panic", f"/pair {await house.new_code()}"):
        await house.server.owner_writes(room, said)
    await house.server.owner_writes(room, COMMAND, offline=True)


async def over_a_connection_of_his_own(house: House) -> None:
    other = await house.server.connect_business(namesake(house))
    room = house.server.business(other, house.stranger)
    await house.server.owner_writes(room, COMMAND)
    await house.server.contact_writes(house.stranger, COMMAND, room=room)


async def as_a_reply_to_the_card(house: House) -> None:
    await house.pushes({"message": message(**_from(STRANGER), reply_to_message=message(message_id=house.card))})


def _from(id_: int) -> dict[str, Any]:
    return {"from": user(id_), "chat": private(id_)}


async def with_a_code_in_a_group(house: House) -> None:
    group = house.server.group("Rowing")
    code = await house.new_code()
    for said in (f"/pair {code}", f"/pair@selfsame_test_bot {code}", f"@selfsame_test_bot /pair {code}"):
        await house.server.contact_writes(house.stranger, said, room=group)


async def with_a_code_forwarded(house: House) -> None:
    origin = {"type": "user", "date": 1795302000, "sender_user": user(OWNER)}
    await house.server.contact_writes(house.stranger, f"/pair {await house.new_code()}", forward_origin=origin)


async def with_a_code_edited_in(house: House) -> None:
    room = house.server.private(house.stranger)
    number = house.server.world.say(room, house.stranger, "hello").id
    await house.server.edit(room, number, f"/pair {await house.new_code()}")


async def with_a_code_as_a_caption(house: House) -> None:
    await house.server.contact_writes(house.stranger, caption=f"/pair {await house.new_code()}", photo=[])


async def with_a_code_by_a_bot(house: House) -> None:
    robot = house.server.person("Robot", is_bot=True)
    await house.server.contact_writes(robot, f"/pair {await house.new_code()}")


async def with_a_code_over_an_inline_bot(house: House) -> None:
    fields: dict[str, Any] = {"via_bot": user(140267078, is_bot=True)}
    await house.server.contact_writes(house.stranger, f"/pair {await house.new_code()}", **fields)


async def with_a_code_in_a_business_chat(house: House) -> None:
    room = house.server.business(house.connection, house.stranger)
    await house.server.contact_writes(house.stranger, f"/pair {await house.new_code()}", room=room)


async def with_a_used_code(house: House) -> None:
    code = await house.new_code()
    await house.server.contact_writes(house.mara, f"/pair {code}")
    await house.settled()
    await house.server.contact_writes(house.stranger, f"/pair {code}")


async def with_a_code_that_another_voided(house: House) -> None:
    old = await house.new_code()
    await house.new_code()
    await house.server.contact_writes(house.stranger, f"/pair {old}")


async def with_an_expired_code(house: House) -> None:
    code = await house.new_code()
    await house.bot.client.pexpire(pairing._CODE, 1)
    await until(lambda: _gone(house))
    await house.server.contact_writes(house.stranger, f"/pair {code}")


async def _gone(house: House) -> bool:
    return not await house.bot.client.exists(pairing._CODE)


async def with_guesses(house: House) -> None:
    code = await house.new_code()
    near = code[:-1] + ("2" if code[-1] != "2" else "3")
    for guess in (near, code[:-1], f"{code}2", f"{code} {code}", "x" * 4_000, "💥", "*", "' or 1"):
        await house.server.contact_writes(namesake(house), f"/pair {guess}")


async def with_the_right_code_after_too_many_guesses(house: House) -> None:
    code = await house.new_code()
    for _ in range(pairing.TRIES_EACH):
        await house.server.contact_writes(house.stranger, "/pair 2222-2222")
    await house.server.contact_writes(house.stranger, f"/pair {code}")


async def pressing_her_card(house: House) -> None:
    await house.server.press(house.server.private(house.mara), house.card, "Send", by=namesake(house))


async def pressing_her_card_as_a_bot(house: House) -> None:
    robot = house.server.person("Mara", "mara_lq", is_bot=True)
    await house.server.press(house.server.private(house.mara), house.card, "Send", by=robot)


async def pressing_forged_data_in_his_own_chat(house: House) -> None:
    room = house.server.private(house.stranger)
    for said in (house.send, COMMAND, "d:takeover:1:00000000", f"{house.send}0"):
        await house.server.press(room, _shown_by_the_bot(house, house.stranger), said, forged=True)


async def pressing_in_a_group(house: House) -> None:
    group = house.server.group("Rowing")
    number = house.server.world.say(group, house.server.world.bot, "card", by_bot=True).id
    for who in (house.mara, house.stranger):
        await house.server.press(group, number, house.send, by=who, forged=True)


async def pressing_in_a_business_chat(house: House) -> None:
    card = message(message_id=house.card, chat=private(STRANGER), business_connection_id=house.connection.id)
    press = {"id": "9", "from": user(), "chat_instance": "2", "data": house.send, "message": card}
    await house.pushes({"callback_query": press})


async def pressing_an_inline_message(house: House) -> None:
    press = {"id": "9", "from": user(), "chat_instance": "2", "data": house.send, "inline_message_id": "i1"}
    await house.pushes({"callback_query": press})


def _shown_by_the_bot(house: House, who: Person) -> int:
    return house.server.world.say(house.server.private(who), house.server.world.bot, "hello", by_bot=True).id


MORE: dict[str, Impostor] = {
    "somebody with her name and username": saying(COMMAND),
    "somebody who panics": saying("/panic"),
    "somebody who unpairs": saying("/unpair"),
    "somebody who asks for a code": saying("/pair"),
    "somebody who sends the draft": saying("/send 1"),
    "somebody who sends a button's data": lambda house: house.server.contact_writes(namesake(house), house.send),
    "somebody with a command in a code block": saying(COMMAND, entities=[{"type": "code", "offset": 0, "length": 15}]),
    "a service message that quotes it": raw({"message": message(text=None, group_chat_created=True, chat=GROUP)}),
    "a web app": raw({"message": message(text=None, web_app_data={"data": COMMAND, "button_text": COMMAND})}),
    "a reaction of hers": raw({"message_reaction": {"chat": private(), "message_id": 1, "user": user(), "date": 1}}),
    "a vote of hers": raw({"poll_answer": {"poll_id": "1", "user": user(), "option_ids": [0]}}),
    "a request to join": raw({"chat_join_request": {"chat": GROUP, "from": user(), "bio": COMMAND, "date": 1}}),
    **{
        act.__name__.replace("_", " "): act
        for act in (
            *(in_a_group, in_a_topic, in_a_channel, as_an_anonymous_admin, edited_into_a_command),
            *(by_a_contact_in_her_chat, by_herself_in_a_contacts_chat, over_a_connection_of_his_own),
            *(as_a_reply_to_the_card, with_a_code_in_a_group, with_a_code_forwarded, with_a_code_edited_in),
            *(with_a_code_as_a_caption, with_a_code_by_a_bot, with_a_code_over_an_inline_bot),
            *(with_a_code_in_a_business_chat, with_a_code_that_another_voided, with_an_expired_code, with_guesses),
            *(with_the_right_code_after_too_many_guesses, pressing_her_card, pressing_her_card_as_a_bot),
            *(pressing_forged_data_in_his_own_chat, pressing_in_a_group, pressing_in_a_business_chat),
            *(pressing_an_inline_message,),
        )
    },
}
ALL = MORE | {
    **{f"says: {kind}": raw(update) for kind, update in IMPOSTORS.items() if kind != HER_OWN_PRESS},
    **{f"presses: {kind}": raw(update) for kind, update in PRESSING_IMPOSTORS.items()},
}


@pytest.mark.parametrize("kind", ALL)
async def test_an_impostor_should_change_nothing_and_be_told_nothing(at_home: House, kind: str) -> None:
    before, said = await at_home.authority(), at_home.said()
    await ALL[kind](at_home)
    await at_home.settled()
    assert await at_home.authority() == before
    assert at_home.said() == said
    assert not any(query.answered for query in at_home.server.world.queries.values())


async def test_a_code_should_be_worth_nothing_to_a_second_one(at_home: House) -> None:
    await with_a_used_code(at_home)
    await at_home.settled()
    assert await at_home.staff.desk.is_owner("telegram", str(OWNER))
    assert not await at_home.staff.desk.is_owner("telegram", str(STRANGER))


async def test_a_command_in_the_owners_own_button_should_be_no_command(at_home: House) -> None:
    before = await at_home.authority()
    await at_home.pushes(IMPOSTORS[HER_OWN_PRESS])
    await at_home.settled()
    assert await at_home.authority() == before


def test_there_should_be_more_than_thirty_kinds() -> None:
    assert len(ALL) > 30


async def test_the_owner_should_be_obeyed_where_no_impostor_was(at_home: House) -> None:
    """Else the tests above would pass with a house that obeys nobody."""
    before = await at_home.authority()
    await at_home.server.contact_writes(at_home.mara, COMMAND)
    await until(lambda: _changed(at_home, before, ORDERS))
    query = await at_home.server.press(at_home.server.private(at_home.mara), at_home.card, "Send")
    await until(lambda: query.answered)
    draft = await read_draft(at_home.bot.client, at_home.draft.no)
    assert draft is not None
    assert draft.state == "sent"
    await at_home.server.contact_writes(at_home.stranger, f"/pair {await at_home.new_code()}")
    await until(lambda: _changed(at_home, before, pairing._OWNERS))
    assert await at_home.staff.desk.is_owner("telegram", str(STRANGER))


async def _changed(house: House, before: dict[str, object], name: str) -> bool:
    return (await house.authority()).get(name) != before.get(name)
