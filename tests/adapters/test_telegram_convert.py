"""What of an update is a line, what it says, and whom it speaks to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message, Update

from adapters.base import ChatRef
from adapters.telegram_business import Connection, business_line
from adapters.telegram_convert import BotSelf, addressed, command_of, group_place, text_of, without_name
from adapters.telegram_places import Place, place_of
from tests.telegram_server.recorded import BOT_ID, BOT_NAME, CONNECTION_ID, OWNER_ID, PEER_ID, recorded

ME = BotSelf(BOT_ID, BOT_NAME)
CONNECTION = Connection(CONNECTION_ID, OWNER_ID, OWNER_ID, 0, True, True, True, True)


def message_of(name: str) -> Message:
    update = Update.de_json(recorded(name), None)
    message = update.message or update.business_message or update.edited_business_message
    assert message is not None
    return message


def group_message(text: str, entities: list[dict[str, Any]], **fields: Any) -> Message:
    chat = {"id": -1001, "type": "supergroup", "title": "Rowing"}
    sender = {"id": PEER_ID, "is_bot": False, "first_name": "Jonas"}
    raw = {"message_id": 1, "date": 1795302092, "chat": chat, "from": sender, "text": text, "entities": entities}
    return Message.de_json(raw | fields, None)


@pytest.mark.parametrize(
    ("place", "chat_id"),
    [
        (Place(42), "42"),
        (Place(-1001700000001), "-1001700000001"),
        (Place(-1001700000001, 55), "-1001700000001_55"),
        (Place(42, business=True), "b42"),
    ],
)
def test_a_place_should_survive_being_a_chat_key(place: Place, chat_id: str) -> None:
    assert place.chat == ChatRef("telegram", chat_id)
    assert place_of(ChatRef.parse(place.chat.key)) == place


@pytest.mark.parametrize("chat", [ChatRef("web", "42"), ChatRef("telegram", "x"), ChatRef("telegram", "42;b1")])
def test_what_is_no_chat_of_telegram_should_be_no_place(chat: ChatRef) -> None:
    assert place_of(chat) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("private_text", None),
        ("photo_with_caption", None),
        ("voice", "[voice message]"),
        ("business_photo", None),
        ("business_voice", "[voice message]"),
    ],
)
def test_media_should_be_a_line_too(name: str, text: str | None) -> None:
    message = message_of(name)
    assert text_of(message) == (text or message.text or message.caption or "[photo]")


def test_a_sticker_should_say_its_emoji() -> None:
    sticker = message_of("sticker")
    assert sticker.sticker is not None
    assert text_of(sticker) == f"[sticker {sticker.sticker.emoji}]"


@pytest.mark.parametrize("name", ["new_chat_members", "migrate_to", "migrate_from"])
def test_a_service_message_should_say_nothing(name: str) -> None:
    assert text_of(message_of(name)) is None


@pytest.mark.parametrize(
    "name", ["group_mention", "group_text_mention", "group_command_to_bot", "reply_to_bot", "basic_group_mention"]
)
def test_a_mention_a_command_and_a_reply_should_address_the_bot(name: str) -> None:
    assert addressed(message_of(name), ME)


@pytest.mark.parametrize("name", ["group_text", "reply_to_other"])
def test_other_talk_should_not_address_the_bot(name: str) -> None:
    assert not addressed(message_of(name), ME)


def test_a_longer_name_that_begins_like_ours_should_not_address_the_bot() -> None:
    other = f"@{BOT_NAME}2"
    assert not addressed(group_message(f"{other} hi", [{"type": "mention", "offset": 0, "length": len(other)}]), ME)
    assert not addressed(group_message(f"@{BOT_NAME} in words only", []), ME)


def test_the_first_message_of_a_topic_should_not_be_what_people_reply_to() -> None:
    opened = {
        "message_id": 55,
        "date": 1795302000,
        "chat": {"id": -1001, "type": "supergroup"},
        "from": {"id": BOT_ID, "is_bot": True, "first_name": "Selfsame"},
        "forum_topic_created": {"name": "Boats", "icon_color": 1},
    }
    assert not addressed(group_message("hello all", [], reply_to_message=opened), ME)


def test_a_topic_should_be_a_chat_of_its_own() -> None:
    in_topic = group_message("x", [], message_thread_id=55, is_topic_message=True)
    in_thread = group_message("x", [], message_thread_id=55)
    assert [group_place(in_topic).chat.chat_id, group_place(in_thread).chat.chat_id] == ["-1001_55", "-1001"]


@pytest.mark.parametrize(
    ("before", "after", "rest"),
    [
        ("", " how are you?", "how are you?"),
        ("hey 🙂 ", ", are you there?", "hey 🙂 , are you there?"),
        ("are you there, ", "", "are you there"),
        ("", "", f"@{BOT_NAME}"),
    ],
)
def test_the_bots_name_should_be_taken_out_of_a_groups_line(before: str, after: str, rest: str) -> None:
    offset = len(before.encode("utf-16-le")) // 2
    entity = {"type": "mention", "offset": offset, "length": len(BOT_NAME) + 1}
    assert without_name(group_message(f"{before}@{BOT_NAME.upper()}{after}", [entity]), ME) in (rest, rest.upper())


@given(st.text(max_size=30), st.text(max_size=30))
def test_taking_the_name_out_should_never_fail_nor_leave_it(before: str, after: str) -> None:
    before, after = (part.encode("utf-8", "ignore").decode() for part in (before, after))
    entity = {"type": "mention", "offset": len(before.encode("utf-16-le")) // 2, "length": len(BOT_NAME) + 1}
    said = without_name(group_message(f"{before}@{BOT_NAME}{after}", [entity]), ME)
    assert said
    assert f"@{BOT_NAME}" not in said or not (before + after).strip(" ,:\n")


def test_a_command_should_lose_the_bots_name() -> None:
    assert command_of(group_message(f"/privacy@{BOT_NAME}", []), ME) == "/privacy"


def test_a_contacts_line_in_the_owners_chat_should_carry_the_window() -> None:
    message = message_of("business_message_in")
    line = business_line(message, CONNECTION, ME)
    assert line is not None
    assert (line.chat.key, line.sender_id) == (f"telegram:b{PEER_ID}", f"user{PEER_ID}")
    assert not line.from_owner
    assert line.at_ms == message.date.timestamp() * 1_000
    assert line.answer_until_ms == line.at_ms + 86_400_000


def test_the_owners_own_typing_should_be_a_takeover() -> None:
    line = business_line(message_of("business_message_out"), CONNECTION, ME)
    assert line is not None
    assert (line.from_owner, line.answer_until_ms, line.chat.key) == (True, None, f"telegram:b{PEER_ID}")


@pytest.mark.parametrize("name", ["business_message_echo", "business_message_offline", "business_other_bot"])
def test_what_no_person_typed_should_be_no_line(name: str) -> None:
    assert business_line(message_of(name), CONNECTION, ME) is None


@pytest.mark.parametrize("nobody", [777_000, OWNER_ID, 1_087_968_824, BOT_ID])
def test_login_codes_and_the_chat_with_oneself_should_never_be_lines(nobody: int) -> None:
    raw = recorded("business_message_in")["business_message"]
    raw["chat"]["id"] = raw["from"]["id"] = nobody
    assert business_line(Message.de_json(raw, None), CONNECTION, ME) is None
