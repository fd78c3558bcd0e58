"""Authority is a numeric id that types or presses in its own private chat with the bot, and nothing else."""

from typing import Any

import pytest
from telegram import Update

from adapters.base import ChatRef
from adapters.owner_port import Press, Word
from adapters.telegram_authority import press_of, word_of
from adapters.telegram_convert import BotSelf

OWNER = 501_000_001
STRANGER = 501_000_009
ME = BotSelf(6_543_210, "selfsame_test_bot")
ALSO_BOT = {"id": ME.user_id, "is_bot": True, "first_name": "Selfsame", "username": ME.username}

Json = dict[str, Any]


def user(id_: int = OWNER, **fields: Any) -> Json:
    return {"id": id_, "is_bot": False, "first_name": "Mara", "username": "mara_lq"} | fields


def private(id_: int = OWNER) -> Json:
    return {"id": id_, "type": "private", "first_name": "Mara"}


GROUP = {"id": -1001700000001, "type": "supergroup", "title": "Rowing"}
BASIC_GROUP = {"id": -17, "type": "group", "title": "Rowing"}
CHANNEL = {"id": -1001700000004, "type": "channel", "title": "Weather"}
COMMAND = "/autoreply auto"


def message(**fields: Any) -> Json:
    plain = {"message_id": 5, "date": 1795302092, "from": user(), "chat": private(), "text": COMMAND}
    return {name: value for name, value in (plain | fields).items() if value is not None}


def said(**fields: Any) -> Json:
    return {"message": message(**fields)}


def query(**fields: Any) -> Json:
    card = {"message_id": 6, "date": 1795302092, "chat": private(), "from": ALSO_BOT, "text": "card"}
    plain = {"id": "1", "from": user(), "chat_instance": "2", "data": "d:send:17:1", "message": card}
    return {"callback_query": {name: value for name, value in (plain | fields).items() if value is not None}}


def read(raw: Json) -> Update:
    return Update.de_json({"update_id": 1} | raw, None)


def origin(kind: str, **fields: Any) -> Json:
    return {"type": kind, "date": 1795302000} | fields


OWNERS_FORWARD = origin("user", sender_user=user())
IMPOSTORS: dict[str, Json] = {
    "the owner, forwarded by somebody": said(
        **{"from": user(STRANGER)}, chat=private(STRANGER), forward_origin=OWNERS_FORWARD
    ),
    "a forward in the owner's own chat": said(forward_origin=origin("user", sender_user=user(STRANGER))),
    "his own words, forwarded to himself": said(forward_origin=OWNERS_FORWARD),
    "a forward whose writer hides": said(forward_origin=origin("hidden_user", sender_user_name="Mara")),
    "a forward from a channel": said(forward_origin=origin("channel", chat=CHANNEL, message_id=3)),
    "a forward from a group as itself": said(forward_origin=origin("chat", sender_chat=GROUP)),
    "the owner in a group": said(chat=GROUP),
    "the owner in a basic group": said(chat=BASIC_GROUP),
    "the owner in a group, with the bot's name": said(chat=GROUP, text="/autoreply@selfsame_test_bot auto"),
    "a /pair in a group": said(chat=GROUP, text="/pair K7QM-2VXD"),
    "an anonymous admin": said(
        **{"from": {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}},
        chat=GROUP,
        sender_chat=GROUP,
    ),
    "an anonymous admin in a private chat": said(**{"from": user(1087968824)}, chat=private(1087968824)),
    "somebody as a channel in a group": said(
        **{"from": {"id": 136817688, "is_bot": True, "first_name": "Channel"}}, chat=GROUP, sender_chat=CHANNEL
    ),
    "the channel account, not marked as a bot": said(**{"from": user(136817688)}, chat=private(136817688)),
    "a post that a linked channel forwards": said(
        **{"from": user(777000)}, chat=GROUP, sender_chat=CHANNEL, is_automatic_forward=True
    ),
    "Telegram's own account": said(**{"from": user(777000)}, chat=private(777000)),
    "a channel post": {"channel_post": message(**{"from": None}, chat=CHANNEL, sender_chat=CHANNEL)},
    "an edited channel post": {"edited_channel_post": message(**{"from": None}, chat=CHANNEL, sender_chat=CHANNEL)},
    "the owner's id in a channel": said(chat=CHANNEL),
    "a sender chat in a private chat": said(sender_chat=CHANNEL),
    "an inline result": said(via_bot=user(140267078, is_bot=True)),
    "an inline result of our own bot": said(via_bot=ALSO_BOT),
    "a bot that writes": said(**{"from": user(STRANGER, is_bot=True)}, chat=private(STRANGER)),
    "the bot itself": said(**{"from": ALSO_BOT}, chat=private(ME.user_id)),
    "an edited command": {"edited_message": message(edit_date=1795302095)},
    "a message that was edited before it came": said(edit_date=1795302095),
    "the owner in a contact's business chat": {
        "business_message": message(business_connection_id="bc1", chat=private(STRANGER))
    },
    "a contact in the owner's business chat": {
        "business_message": message(business_connection_id="bc1", **{"from": user(STRANGER)}, chat=private(STRANGER))
    },
    "a business chat with the owner's own id": {"business_message": message(business_connection_id="bc1")},
    "an edited business message": {"edited_business_message": message(business_connection_id="bc1")},
    "a business message told as a plain one": said(business_connection_id="bc1"),
    "an echo of a business bot": said(sender_business_bot=ALSO_BOT),
    "an automatic message": said(is_from_offline=True),
    "the owner's chat, another's hand": said(**{"from": user(STRANGER)}),
    "the owner's hand, another's chat": said(chat=private(STRANGER)),
    "nobody at all": said(**{"from": None}),
    "a service message": said(text=None, new_chat_members=[user()]),
    "a pinned command": said(text=None, pinned_message=message()),
    "a caption with a command": said(text=None, caption=COMMAND, photo=[]),
    "a contact card of the owner": said(
        text=None, contact={"phone_number": "1", "first_name": "Mara", "user_id": OWNER}
    ),
    "an inline query": {"inline_query": {"id": "1", "from": user(), "query": COMMAND, "offset": ""}},
    "a chosen inline result": {"chosen_inline_result": {"result_id": "1", "from": user(), "query": COMMAND}},
    "a guest message": {"guest_message": message(guest_query_id="g1")},
    "a guest message told as a plain one": said(guest_query_id="g1"),
    "a press with a command as data": query(data=COMMAND),
}

PRESSING_IMPOSTORS: dict[str, Json] = {
    "another id under the owner's card": query(**{"from": user(STRANGER)}),
    "the owner's name under another's id": query(**{"from": user(STRANGER, username="mara_lq")}, message=None),
    "the owner in a group": query(message={"message_id": 6, "date": 1795302092, "chat": GROUP, "from": ALSO_BOT}),
    "the owner in a channel": query(message={"message_id": 6, "date": 1795302092, "chat": CHANNEL}),
    "a group's message that is gone": query(message={"message_id": 6, "date": 0, "chat": GROUP}),
    "an inline message": query(message=None, inline_message_id="i1"),
    "a business message": query(
        message={"message_id": 6, "date": 1795302092, "chat": private(), "business_connection_id": "bc1"}
    ),
    "a bot": query(**{"from": user(is_bot=True)}),
    "a game": query(data=None, game_short_name="chess"),
}


def test_there_should_be_more_than_thirty_kinds_of_impostor() -> None:
    assert len(IMPOSTORS) > 30


@pytest.mark.parametrize("kind", IMPOSTORS)
def test_an_impostor_should_never_say_a_word(kind: str) -> None:
    assert word_of(read(IMPOSTORS[kind]), ME) is None


@pytest.mark.parametrize("kind", PRESSING_IMPOSTORS)
def test_an_impostor_should_never_press_a_button(kind: str) -> None:
    assert press_of(read(PRESSING_IMPOSTORS[kind])) is None


def test_a_stranger_with_the_owners_username_should_be_a_stranger() -> None:
    """The word goes to the desk under the id that typed it: the name stands for nothing there."""
    word = word_of(read(said(**{"from": user(STRANGER, username="mara_lq")}, chat=private(STRANGER))), ME)
    assert word is not None
    assert word.user_id == str(STRANGER)


def test_the_owner_should_be_heard_in_his_private_chat() -> None:
    chat = ChatRef("telegram", str(OWNER))
    assert word_of(read(said()), ME) == Word("telegram", str(OWNER), "Mara", chat, COMMAND)


def test_the_bots_name_should_be_taken_off_a_command_and_nothing_else() -> None:
    word = word_of(read(said(text="/edit@Selfsame_Test_Bot 17 ask @selfsame_test_bot")), ME)
    assert word is not None
    assert word.text == "/edit 17 ask @selfsame_test_bot"


def test_a_reply_should_name_the_message_only_when_it_is_ours() -> None:
    ours = said(reply_to_message=message(message_id=9, **{"from": ALSO_BOT}))
    his = said(reply_to_message=message(message_id=9))
    assert [w and w.answers_message_id for w in (word_of(read(ours), ME), word_of(read(his), ME))] == ["9", None]


@pytest.mark.parametrize("date", [1795302092, 0])
def test_the_owner_should_press_in_his_private_chat_even_under_an_old_card(date: int) -> None:
    update = read(query(message={"message_id": 6, "date": date, "chat": private(), "text": "card"}))
    assert press_of(update) == Press("telegram", str(OWNER), "d:send:17:1")
