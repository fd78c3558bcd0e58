"""WeChat's messages in JSON, as WeFlow and PyWxDump export them, as events.

Shapes: WeFlow 1.x to 4.x, `{weflow, session, messages}` (`JsonFormatter.ts`; its "arkme" kind has `senders` and a
`senderID`), one chat a file; PyWxDump 3, a list of messages (`exportJSON.py`), with `users.json` beside it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from training.importers.base import Aside, ChatHead, Event, Format, LineIds, Person, RawLine, Reading, SkippedChat
from training.importers.json_stream import JsonStream, keys_beside
from training.importers.source import Sample, Source
from training.importers.text import tidy
from training.importers.wechat import ME, Told, is_group, person_id, reason_of, skipped_kind
from training.importers.wechat_users import read_users

_AGAIN = "export the chat again as JSON"
_WEFLOW = re.compile(r'\s*\{.*?"weflow"\s*:\s*\{', re.DOTALL)
_PYWXDUMP = re.compile(r'\s*\[\s*\{(?=.*?"MsgSvrID"\s*:)(?=.*?"is_sender"\s*:)(?=.*?"room_name"\s*:)', re.DOTALL)


def _sniff_weflow(sample: Sample) -> bool:
    return _WEFLOW.match(sample.text) is not None and '"session"' in sample.text


def _sniff_pywxdump(sample: Sample) -> bool:
    return _PYWXDUMP.match(sample.text) is not None


def _read_weflow(source: Source, reading: Reading) -> Iterator[Event]:
    """One chat. The owner's account is known with his first message: then the head is said again."""
    known: dict[str, Any] = {}
    with JsonStream(source, _AGAIN) as stream:
        if stream.peek() != "{":
            raise stream.broken("is no WeFlow export: it does not begin with an object")
        seen = False
        for key in stream.keys():  # noqa: SIM118  # it is no dict
            if key != "messages" or stream.peek() != "[":
                known[key] = stream.value()
                continue
            seen = True
            if not isinstance(known.get("session"), dict):
                known = keys_beside(source, _AGAIN, "messages")
            yield from _weflow_chat(known, stream, reading)
        stream.end()
        if not seen:
            raise stream.broken("holds no messages")


def _weflow_chat(known: Mapping[str, Any], stream: JsonStream, reading: Reading) -> Iterator[Event]:
    session = known.get("session")
    session = session if isinstance(session, dict) else {}
    account = _text(session, "accountId") or _text(session, "wxid")
    if not account:
        raise stream.broken("does not say whose chat it is (no session)")
    remark, nickname = _text(session, "remark"), _text(session, "nickname")
    name = remark or _text(session, "displayName") or nickname or account
    if kind := skipped_kind(account):
        yield SkippedChat(kind, name, sum(1 for _ in stream.items()))
        return
    senders = _senders(known.get("senders"))
    key = person_id(account)
    head = ChatHead(key, "group", name) if is_group(account) else ChatHead(key, "personal", name, key)
    yield head
    if head.contact:
        yield Person(key, name, bool(remark) and remark != nickname)
    names: dict[str, str] = {}
    ids_by_name: dict[str, str] = {}
    ids = LineIds()
    for message in stream.items():
        told = _weflow_told(message, senders) if isinstance(message, dict) else None
        if told is None:
            yield Aside("damaged")
            continue
        sender = told.sender or (ME if told.mine else head.contact)
        if told.mine and head.owner != sender:
            head = ChatHead(head.key, head.kind, head.name, head.contact, sender)
            yield head
        line = told.to_line(sender, ids, ids_by_name if head.kind == "group" else {}, reading)
        if isinstance(line, RawLine) and sender != head.contact and told.name and names.get(sender) != told.name:
            names[sender] = told.name
            ids_by_name[told.name] = sender
            yield Person(sender, told.name)
        yield line


def _weflow_told(message: Mapping[str, Any], senders: Mapping[object, Mapping[str, Any]]) -> Told | None:
    kind, mine, content = message.get("type"), message.get("isSend"), message.get("content")
    if not isinstance(kind, str) or not isinstance(content, str | None):
        return None
    who = senders.get(message.get("senderID"), {})
    return Told(
        chat="",
        sender=person_id(_text(message, "senderUsername") or _text(who, "accountId")),
        mine=mine in (1, True),
        name=_text(message, "senderDisplayName") or _text(who, "displayName"),
        saved=None,
        at=str(message.get("createTime")),
        reason=reason_of(kind),
        content=_without_quoted(content or "", message.get("quotedContent")),
        line_id=_text(message, "platformMessageId"),
        reply_to=_text(message, "replyToMessageId"),
    )


def _without_quoted(content: str, quoted: object) -> str:
    """The reply alone, where the message says what it quotes: the quoted words may themselves hold brackets."""
    at = content.rfind("[引用 ") if isinstance(quoted, str) and content.endswith(f"{quoted}]") else -1
    return content if at < 0 else content[:at]


def _senders(listed: object) -> dict[object, Mapping[str, Any]]:
    found = (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()
    return {one["senderID"]: one for one in found if isinstance(one.get("senderID"), int)}


def _read_pywxdump(source: Source, reading: Reading) -> Iterator[Event]:
    """Chats may be mixed; each is told apart by its account."""
    people = read_users(source)
    yield from people.values()
    ids: dict[str, LineIds] = {}
    heads: dict[str, ChatHead] = {}
    skipped: dict[str, int] = {}
    current: ChatHead | None = None
    with JsonStream(source, _AGAIN) as stream:
        if stream.peek() != "[":
            raise stream.broken("is no PyWxDump export: it does not begin with a list")
        for message in stream.items():
            told = _pywxdump_told(message) if isinstance(message, dict) else None
            if told is None:
                yield Aside("damaged")
                continue
            if skipped_kind(told.chat):
                skipped[told.chat] = skipped.get(told.chat, 0) + 1
                continue
            head = heads.get(told.chat) or _pywxdump_head(told.chat, people)
            sender = told.sender or (ME if told.mine else head.contact)
            if told.mine and not head.owner:
                head = ChatHead(head.key, head.kind, head.name, head.contact, sender)
            heads[told.chat] = head
            if head is not current:
                current = head
                yield head
            yield told.to_line(sender, ids.setdefault(told.chat, LineIds()), {}, reading)
        stream.end()
    yield from (SkippedChat(skipped_kind(account), account, count) for account, count in skipped.items())


def _pywxdump_head(account: str, people: Mapping[str, Person]) -> ChatHead:
    key = person_id(account)
    known = people.get(key)
    name = known.name if known else account
    return ChatHead(key, "group", name) if is_group(account) else ChatHead(key, "personal", name, key)


def _pywxdump_told(message: Mapping[str, Any]) -> Told | None:
    chat, kind, content = _text(message, "room_name"), message.get("type_name"), message.get("msg")
    if not chat or not isinstance(kind, str) or not isinstance(content, str | None):
        return None
    return Told(
        chat=chat,
        sender=person_id(_text(message, "talker")),
        mine=message.get("is_sender") in (1, "1", True),
        name="",
        saved=None,
        at=str(message.get("CreateTime")),
        reason=reason_of(kind),
        content=content or "",
        line_id=_text(message, "MsgSvrID").removeprefix("0") and _text(message, "MsgSvrID"),
    )


def _text(fields: Mapping[str, Any], key: str) -> str:
    found = fields.get(key)
    return tidy(found) if isinstance(found, str) else ""


FORMATS = (
    Format("weflow-json", "WeChat: WeFlow (JSON)", _sniff_weflow, _read_weflow),
    Format("pywxdump-json", "WeChat: PyWxDump (JSON)", _sniff_pywxdump, _read_pywxdump),
)
