"""Who may be the owner: one pure look at an update, before anybody is asked.

Vouches for one thing: that the numeric id typed or pressed this itself, in its own private chat with the bot. Does not
know the owner; the desk compares the id. Everything that is not surely so is nothing: usernames, forwards, edits,
groups, channels, anonymous admins, other bots, inline results, business messages.
"""

from telegram import Message, Update
from telegram.constants import ChatType

from adapters.owner_port import Press, Word
from adapters.telegram_convert import BotSelf, command_of, is_person
from adapters.telegram_places import PLATFORM, Place


def word_of(update: Update, me: BotSelf) -> Word | None:
    """The update as something a person said to the bot itself; None: it carries no authority whatever it says."""
    message = update.message
    if message is None or message.from_user is None or not _in_person(message) or not message.text:
        return None
    said = command_of(message, me) or message.text
    answered = message.reply_to_message
    ours = answered is not None and answered.from_user is not None and answered.from_user.id == me.user_id
    return Word(
        platform=PLATFORM,
        user_id=str(message.from_user.id),
        user_name=message.from_user.full_name,
        chat=Place(message.chat.id).chat,
        text=said,
        answers_message_id=str(answered.message_id) if answered is not None and ours else None,
    )


def press_of(update: Update) -> Press | None:
    """A button pressed by a person under a message of ours in their own private chat with the bot; else None."""
    query = update.callback_query
    if query is None or query.message is None or query.inline_message_id or not query.data:
        return None
    if not is_person(query.from_user) or query.message.chat.type != ChatType.PRIVATE:
        return None
    if query.message.chat.id != query.from_user.id or _of_business(query.message):
        return None
    return Press(platform=PLATFORM, user_id=str(query.from_user.id), token=query.data)


def _in_person(message: Message) -> bool:
    return (
        is_person(message.from_user)
        and message.chat.type == ChatType.PRIVATE
        and message.from_user is not None
        and message.chat.id == message.from_user.id
        and message.sender_chat is None
        and message.via_bot is None
        and message.forward_origin is None
        and not message.is_automatic_forward
        and not message.is_from_offline
        and message.edit_date is None
        and not _of_business(message)
        and message.guest_query_id is None
    )


def _of_business(message: object) -> bool:
    return bool(getattr(message, "business_connection_id", None) or getattr(message, "sender_business_bot", None))
