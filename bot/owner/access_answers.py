"""What the desk says about who the owner is: the code, the welcome, and the way out. Knows no platform's ways."""

from bot.owner.answers import Answer, refused
from bot.owner.office import Office
from bot.owner.pairing import CODE_LIFE_S, TERMINAL, Paired


def code_shown(code: str) -> Answer:
    """The code, on the console only, and what to do with it."""
    return Answer(
        f"{code}\nWithin {CODE_LIFE_S // 60} minutes, send the bot in a private chat: /pair {code}\n"
        "That account is the owner's from then on. On the page, type the code at /owner."
    )


def welcome(paired: Paired) -> Answer:
    """For the account that has just become the owner's."""
    replaced = "\nThe account before it has no say any more." if paired.replaced else ""
    return Answer(
        f"You are the owner here now ({paired.platform}).{replaced}\n"
        "/status shows what applies, /help what you can say, /panic stops everything.\nTake it back: /unpair"
    )


def pair_elsewhere() -> Answer:
    """The owner said `/pair` where he is the owner already."""
    return refused("You are the owner here already.", "Say /pair CODE in the chat app that should be yours too.")


async def unpair(office: Office, platform: str) -> Answer:
    """`/unpair`: nobody is the owner on this platform any more."""
    if platform == TERMINAL:
        return refused("Who holds this machine is its owner.", "Say /unpair in the chat app that shall not be yours.")
    await office.pairing.unpair(platform)
    return Answer("You are not the owner here any more.\nTake it back: `selfsame owner pair` prints a new code.")
