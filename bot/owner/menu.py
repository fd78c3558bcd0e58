"""What the owner can say, for menus and `/help`: one page that names every command. Pure."""

from dataclasses import dataclass

from bot.owner.phrases import likeliest


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its name, a line for the menu, and every way to say it, one a line."""

    name: str
    line: str
    usage: str


_TIMES = "Times: 2h, 90m, 1h30m, 3d; 18:00, 6pm, tomorrow 9:00, monday 8:00. A name with spaces may stand in quotes."

MENU = (
    Entry("status", "What applies where, and why", "/status"),
    Entry(
        "autoreply",
        "Off, draft or auto: everywhere, for somebody, in a chat",
        "/autoreply off|draft|auto [for 2h | until 18:00] [in CHAT | for CONTACT | for TYPE]\n"
        "/autoreply clear [in CHAT | for CONTACT | for TYPE]\n"
        "off: nothing is answered. draft: you approve each reply. auto: replies are sent.\n"
        "The narrowest order wins: chat, contact, type, everywhere. Strangers are reached by `for stranger`,\n"
        "or by an order everywhere that holds back more than they are held back already.\n" + _TIMES,
    ),
    Entry("drafts", "Replies that wait for you", "/drafts"),
    Entry("send", "Send a draft as it is", "/send 17"),
    Entry("edit", "Send a draft in your own words", "/edit 17 NEW WORDS"),
    Entry("discard", "Drop a draft; nothing is sent", "/discard 17"),
    Entry("regenerate", "Have a draft written anew", "/regenerate 17"),
    Entry("takeover", "Answer yourself: the draft goes, the chat is yours for a while", "/takeover 17"),
    Entry(
        "pause",
        "Put every answer off, or those of one chat",
        "/pause [for 2h | until 18:00] [in CHAT]\nLines that arrive meanwhile are answered afterwards.\n" + _TIMES,
    ),
    Entry("resume", "End a pause, a panic, or standing down in a chat", "/resume [in CHAT]"),
    Entry("panic", "Stop every send at once", "/panic\nNothing leaves until /resume, drafts you approve included."),
    Entry(
        "contact",
        "Who is who",
        "/contact list\n/contact show WHO\n/contact type WHO family\n/contact name WHO to NEW NAME\n"
        "/contact merge WHO into WHO\n/contact mode WHO off|draft|auto|clear\n/contact block WHO\n/contact unblock WHO",
    ),
    Entry("chats", "The chats there are", "/chats"),
    Entry(
        "blend",
        "Which of your voices speaks to whom",
        "/blend\n/blend TYPE\n/blend TYPE core=0.5 family=0.5\n/blend clear TYPE\nA contact does as well as a type.",
    ),
    Entry("why", "Where the last reply of a chat came from", "/why [CHAT]"),
    Entry("undo", "Take the last reply back where the platform can", "/undo [CHAT]"),
    Entry(
        "schedule",
        "Weekly windows and quiet hours",
        "/schedule\n/schedule add mon-fri 09:00-17:00 auto [for TYPE | for CONTACT | in CHAT]\n"
        "/schedule add daily 22:00-07:00 quiet\n/schedule remove 2\n/schedule zone Europe/Berlin\n"
        "Days: daily, weekdays, weekend, mon-fri, mon,wed. Quiet hours put answers off until they end.",
    ),
    Entry("digest", "What was answered, held and skipped", "/digest\n/digest 24h\n/digest daily 08:00\n/digest off"),
    Entry("unpair", "This account is yours no longer", "/unpair"),
    Entry("help", "What you can say", "/help [COMMAND]"),
)

OWNER_COMMANDS: tuple[tuple[str, str], ...] = tuple((entry.name, entry.line) for entry in MENU)
"""Name without slash and description, in the order of the menu. `/pair CODE` is typed before there is an owner."""

_PAIR = Entry("pair", "Make this account the owner's", "/pair CODE\n`selfsame owner pair` prints a code.")


def help_for(name: str | None) -> str:
    """The help on one command, or the list of all."""
    if name is None:
        lines = [f"/{entry.name}: {entry.line}" for entry in MENU]
        return "\n".join([*lines, "", "More on one of them: /help autoreply"])
    entries = {entry.name: entry for entry in (*MENU, _PAIR)}
    entry = entries.get(name)
    if entry is not None:
        return f"{entry.line}.\n{entry.usage}"
    meant = likeliest(name, entries)
    return f"there is no /{name}; " + (f"did you mean /help {meant}?" if meant else "/help names them all")
