"""What the owner cut: a contact, a chat, or a span of time that no later stage may see, until he takes it back.

Knows no line's text and no database: what a cut means is said here (`keeps`), and the corpus leaves it out of every
read (`left_out` says the same in SQL). Nothing is deleted by a cut.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Annotated

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import Contact
from training.private_file import replace_file

if TYPE_CHECKING:
    from training.corpus import CorpusChat, CorpusLine

_FIRST_DAY = date(1900, 1, 1)
_LAST_DAY = date(2999, 12, 31)
_Ms = Annotated[int, msgspec.Meta(ge=-2_300_000_000_000, le=32_600_000_000_000)]
"""A little more than from the first day to the last, in any time zone."""


class Cut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was said from `from_ms` on and before `to_ms` (None: without end) by, to or in `what`.

    `what` is the id of a contact (his chats, his lines in groups, the owner's to him there), the key of a chat, or ""
    for everything, dated articles included.
    """

    what: str
    from_ms: _Ms | None = None
    to_ms: _Ms | None = None

    def holds(self, at_ms: int) -> bool:
        """Whether a moment lies in the span."""
        return (self.from_ms is None or self.from_ms <= at_ms) and (self.to_ms is None or at_ms < self.to_ms)


class _CutsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cuts: tuple[Cut, ...] = ()


def read_cuts(home: Home) -> tuple[Cut, ...]:
    """Every cut, the oldest first; CorpusError when they cannot be known."""
    path = home.cuts_file
    if not path.exists():
        return ()
    try:
        return msgspec.json.decode(path.read_bytes(), type=_CutsFile).cuts
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{path} is damaged: {error}", "mend it; without it, what you cut would be learned from again"
        ) from None


def write_cuts(home: Home, cuts: Iterable[Cut]) -> None:
    """Replace the cuts file."""
    encoded = msgspec.json.encode(_CutsFile(tuple(cuts)))
    replace_file(home.cuts_file, msgspec.json.format(encoded, indent=1) + b"\n")


def forget_cuts(home: Home, ids: Collection[str], renamed: Mapping[str, str]) -> None:
    """Take the cuts of these contacts and chats out of the file, and with them their ids. `renamed`: new keys of
    chats that stay."""
    cuts = [msgspec.structs.replace(cut, what=renamed.get(cut.what, cut.what)) for cut in read_cuts(home)]
    if left := [cut for cut in cuts if cut.what not in ids]:
        write_cuts(home, left)
    else:
        home.cuts_file.unlink(missing_ok=True)


def under_every_id(cut: Cut, contacts: Iterable[Contact]) -> tuple[Cut, ...]:
    """The cut for every id that is known to be the same person's."""
    ids = {cut.what}.union(*(contact.ids for contact in contacts if cut.what and cut.what in contact.ids))
    return tuple(msgspec.structs.replace(cut, what=one) for one in sorted(ids))


def keeps(cuts: Iterable[Cut], chat: "CorpusChat", line: "CorpusLine") -> bool:
    """Whether a line of a chat may be read; `cuts` under every id."""
    about = {"", chat.key, chat.contact, line.sender, line.to}
    return not any(cut.what in about and cut.holds(line.at_ms) for cut in cuts)


def keeps_article(cuts: Iterable[Cut], at_ms: int) -> bool:
    """Whether an article may be read. One without a date (0) lies in no span."""
    return not at_ms or not any(not cut.what and cut.holds(at_ms) for cut in cuts)


def find_what(named: str, contacts: Sequence[Contact], chats: Iterable["CorpusChat"]) -> str:
    """The id to cut: of the contact with this name or id, else of the chat with this title or key.

    CorpusError when it is not one.
    """
    told = named.casefold()
    of_id = [one for one in contacts if named in one.ids]
    found = [one.ids[0] for one in of_id or contacts if one.ids and (of_id or one.name.casefold() == told)]
    if not of_id:
        chats = list(chats)
        keyed = [chat.key for chat in chats if chat.key == named]
        found = keyed or [*found, *(one.key for one in chats if one.kind == "group" and one.name.casefold() == told)]
    if not found:
        raise CorpusError(
            f"no contact and no group is called {named!r}", "name one of `selfsame contacts`, or a group by its title"
        )
    if len(found) > 1:
        raise CorpusError(f"{len(found)} are called {named!r}", f"name one by its id: {', '.join(found)}")
    return found[0]


def cut_days(what: str, first: str, last: str, before: str, zone: tzinfo) -> Cut:
    """A cut from the day `first` to the day `last`, that one included, or of all that is before a day; as
    `2020-01-31`, by the clock of `zone`, "" where nothing is said. CorpusError when that is no span of time."""
    if last and before:
        raise CorpusError("--to and --before say the same", "--to is the last day cut, --before the first one kept")
    if not (what or first or last or before):
        raise CorpusError("that would leave nothing", "name a contact or a chat, or say --from, --to or --before")
    begin = _day(first) if first else None
    end = _day(last) + timedelta(days=1) if last else _day(before) if before else None
    if begin and end and begin >= end:
        raise CorpusError("the span ends before it begins", "--from is its first day, --to its last")
    from_ms, to_ms = (day if day is None else _start_ms(day, zone) for day in (begin, end))
    return Cut(what, from_ms, to_ms)


def days_of(cut: Cut, zone: tzinfo) -> tuple[str, str]:
    """The first and the last day of a cut by the clock of `zone`, "" where it has no end."""
    first = "" if cut.from_ms is None else _date_of(cut.from_ms, zone)
    return first, "" if cut.to_ms is None else _date_of(cut.to_ms - 1, zone)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise CorpusError(f"{text!r} is no day", "write it as 2020-01-31")
    return day


def _start_ms(day: date, zone: tzinfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp() * 1000)


def _date_of(at_ms: int, zone: tzinfo) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at_ms)).astimezone(zone).date().isoformat()
