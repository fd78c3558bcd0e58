"""The recorded updates are what the real library reads (and the broken ones are not)."""

import pytest
from telegram import Message, Update

from tests.telegram_server.recorded import BROKEN, OWNER_ID, PEER_ID, SOUND, recorded


@pytest.mark.parametrize("name", SOUND)
def test_every_recorded_update_should_parse(name: str) -> None:
    body = recorded(name)
    update = Update.de_json(body, None)
    assert update.update_id == body["update_id"]
    known = [kind for kind in body if kind in Update.ALL_TYPES]
    if name != "unknown_kind":
        assert [getattr(update, kind) is not None for kind in known] == [True]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_update_should_not_parse(name: str) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError, KeyError)):
        Update.de_json(recorded(name), None)


def test_no_field_of_a_recorded_message_should_be_unknown_to_the_library() -> None:
    """A misspelt field would end up in `api_kwargs`, where nobody looks; the relics are Telegram's own."""
    relics = {"forward_from", "forward_date", "forward_from_chat", "forward_from_message_id", "forward_sender_name"}
    relics |= {"forward_signature", "new_chat_participant", "new_chat_member", "can_reply", "thumb"}
    relics |= {"all_members_are_administrators", "something_new"}
    for name in SOUND:
        update = Update.de_json(recorded(name), None)
        for kind in Update.ALL_TYPES:
            body = getattr(update, kind)
            if body is not None:
                unknown = set(body.api_kwargs) - relics
                assert not unknown, (name, unknown)


@pytest.mark.parametrize(
    ("name", "sender", "bot", "offline"),
    [
        ("business_message_in", PEER_ID, False, None),
        ("business_message_out", OWNER_ID, False, None),
        ("business_message_echo", OWNER_ID, True, None),
        ("business_message_offline", OWNER_ID, False, True),
    ],
)
def test_business_messages_should_differ_by_who_really_wrote(
    name: str, sender: int, bot: bool, offline: bool | None
) -> None:
    message = Update.de_json(recorded(name), None).business_message
    assert isinstance(message, Message)
    assert message.from_user is not None
    assert message.from_user.id == sender
    assert message.chat.id == PEER_ID
    assert (message.sender_business_bot is not None) is bot
    assert message.is_from_offline is offline
