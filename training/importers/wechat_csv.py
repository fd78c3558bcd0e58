"""WeChat's messages in the CSV files of four exporters, as events.

Columns from WeChatMsg 0.2.7 to 1.x (`exporter_csv.py`), MemoTrace 2 (its successor), PyWxDump 2.4 to 3 (an older one
has a JSON `content` instead of `msg` and `src`) and WeFlow (its "WeClone" CSV). What a row means is one function for
each exporter; who is who in a chat is said once for all. Where the columns do not say who the owner is, nobody is
named. A file is read twice, first for who is in it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from training.importers.base import Aside, ChatHead, Event, Format, LineIds, Person, RawLine, Reading, SkippedChat
from training.importers.csv_rows import header_of, read_rows
from training.importers.source import Sample, Source
from training.importers.text import tidy
from training.importers.wechat import ME, Told, is_group, person_id, skipped_kind
from training.importers.wechat_rows import MEMOTRACE, PYWXDUMP, PYWXDUMP_OLD, WECHATMSG, WEFLOW, Columns
from training.importers.wechat_users import read_users

_AGAIN = "export the chat again as CSV, and leave the first line of the file as it is"
_PART = re.compile(r"_(?:utf8|\d+_\d+)$")
"""What WeChatMsg and PyWxDump (which writes 5,000 messages a file) put after the chat's name."""
_FOLDER = re.compile(r"(.*)\(([A-Za-z0-9_@-]{2,64})\)")
"""MemoTrace's folder of a chat: its name and its account."""


@dataclass(slots=True)
class _Chat:
    """Who writes in one chat. `others` (id -> name) are not known to be the owner; more than three are not counted."""

    owner: str = ""
    owner_marked: bool = False
    others: dict[str, str] = field(default_factory=dict)
    messages: int = 0


def sniff(columns: Columns, sample: Sample) -> bool:
    """Whether the first line of the file has this exporter's columns."""
    header = set(header_of(sample))
    return header.issuperset(columns.names) and header.isdisjoint(columns.absent)


def read(columns: Columns, source: Source, reading: Reading) -> Iterator[Event]:
    """The file's events; its chats may be mixed. CorpusError where columns are missing, or the file breaks off."""
    people = read_users(source)
    yield from people.values()
    chats = _survey(columns, source)
    heads = {key: _head(source, key, chat, people, alone=len(chats) == 1) for key, chat in chats.items()}
    skipped = {key: kind for key, head in heads.items() if (kind := skipped_kind(head.key.removeprefix("wechat:")))}
    yield from (SkippedChat(kind, heads[key].name, chats[key].messages) for key, kind in skipped.items())
    ids = {key: LineIds() for key in heads}
    names = {person.id: person.name for person in people.values()}
    ids_by_name: dict[str, str] = {name: one for one, name in names.items()}
    current = ""
    for row in read_rows(source, _AGAIN, columns.names):
        told = row and columns.tell(row)
        if not told:
            yield Aside("damaged")
            continue
        if told.chat in skipped:
            continue
        head = heads[told.chat]
        if head.key != current:
            current = head.key
            yield head
        line = told.to_line(_sender(told, head), ids[told.chat], ids_by_name if head.kind == "group" else {}, reading)
        if isinstance(line, RawLine) and told.name and names.get(line.sender) != told.name:
            names[line.sender] = told.name
            ids_by_name[told.name] = line.sender
            yield Person(line.sender, told.name, told.saved)
        yield line


def _survey(columns: Columns, source: Source) -> dict[str, _Chat]:
    chats: dict[str, _Chat] = {}
    for row in read_rows(source, _AGAIN, columns.names):
        if told := row and columns.tell(row):
            chat = chats.setdefault(told.chat, _Chat())
            chat.messages += 1
            chat.owner_marked |= told.mine is not None
            if told.mine:
                chat.owner = told.sender or ME
            elif told.reason is None and told.sender and len(chat.others) <= 3:  # what WeChat says has no sender
                chat.others.setdefault(told.sender, told.name)
    return chats


def _head(source: Source, key: str, chat: _Chat, people: Mapping[str, Person], *, alone: bool) -> ChatHead:
    """The chat, by its account where a row or the folder `name(account)` tells it, else by who writes in it."""
    *folders, base = source.name.replace("\\", "/").split("/")
    stem = tidy(_PART.sub("", base.rsplit(".", 1)[0])) or "chat"
    account = tidy(key if not key.isdigit() else "")
    if not account and alone and folders and (told := _FOLDER.fullmatch(folders[-1])):
        stem, account = tidy(told[1]) or stem, told[2]
    if is_group(account) or (not account and len(chat.others) > (1 if chat.owner_marked else 2)):
        return ChatHead(f"wechat:{account or (stem if alone else f'{stem}-{key}')}", "group", stem, "", chat.owner)
    if account:
        contact = person_id(account)
    elif chat.owner_marked:
        contact = next(iter(chat.others), f"wechat:{stem}")
    else:
        contact = next((one for one, name in chat.others.items() if name == stem), "")
    known = people.get(contact)
    name = (known and known.name) or chat.others.get(contact) or (stem if chat.others or alone else contact)
    return ChatHead(contact or f"wechat:{stem}", "personal", name, contact, chat.owner)


def _sender(told: Told, head: ChatHead) -> str:
    if told.mine:
        return told.sender or head.owner
    if head.contact and (told.mine is False or told.name == head.name):
        return head.contact  # also where the columns tell names, and the folder the account
    return told.sender


def _format(name: str, title: str, *ways: Columns) -> Format:
    def way(sample: Sample) -> Columns | None:
        return next((columns for columns in ways if sniff(columns, sample)), None)

    def read_one(source: Source, reading: Reading) -> Iterator[Event]:
        return read(way(source.sample()) or ways[0], source, reading)

    return Format(name, title, lambda sample: way(sample) is not None, read_one)


FORMATS = (
    _format("wechatmsg-csv", "WeChat: WeChatMsg (CSV)", WECHATMSG),
    _format("memotrace-csv", "WeChat: MemoTrace (CSV)", MEMOTRACE),
    _format("pywxdump-csv", "WeChat: PyWxDump (CSV)", PYWXDUMP, PYWXDUMP_OLD),
    _format("weflow-csv", "WeChat: WeFlow (CSV)", WEFLOW),
)
