"""What one row means, for each exporter of WeChat's messages to CSV. Pure; knows no file and no other row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from training.importers.csv_rows import Row
from training.importers.text import tidy
from training.importers.wechat import Told, own_words_or_label, person_id, reason_of, reason_of_number


@dataclass(frozen=True, slots=True)
class Columns:
    """One exporter's columns (those we read) and the meaning of a row; None for a row that has none."""

    names: tuple[str, ...]
    tell: Callable[[Row], Told | None]
    absent: tuple[str, ...] = ()
    """Columns that only another exporter's file has."""


def _wechatmsg(row: Row) -> Told | None:
    kind, below = _whole(row["Type"]), _whole(row["SubType"])
    if kind is None or row["IsSender"] not in ("0", "1"):
        return None
    mine = row["IsSender"] == "1"
    remark, nickname = tidy(row["Remark"]), tidy(row["NickName"])
    return Told(
        chat=row["TalkerId"].strip() or "0",
        sender=person_id(row["Sender"]),
        mine=mine,
        name=remark or nickname,
        saved=None if mine else _own_name(remark, nickname),
        at=row["CreateTime"].strip() or row["StrTime"],
        reason=reason_of_number(kind, below or 0),
        content=row["StrContent"],
    )


def _memotrace(row: Row) -> Told | None:
    shown = tidy(row["发送人"])
    remark, nickname = tidy(row["备注"]), tidy(row["昵称"])
    return Told(
        chat="",
        sender=person_id(shown),
        mine=True if shown == "我" else None,
        name=shown,
        saved=_own_name(remark, nickname) if remark == shown else None,
        at=row["时间"],
        reason=reason_of(row["类型"]),
        content=row["内容"],
        line_id=_message_id(row["消息ID"]),
    )


def _pywxdump(row: Row) -> Told | None:
    if row["is_sender"] not in ("0", "1"):
        return None
    return Told(
        chat=tidy(row["room_name"]),
        sender=person_id(row["talker"]),
        mine=row["is_sender"] == "1",
        name="",
        saved=None,
        at=row["CreateTime"],
        reason=reason_of(row["type_name"]),
        content=row["msg"],
        line_id=_message_id(row["MsgSvrID"]),
    )


def _pywxdump_old(row: Row) -> Told | None:
    try:
        content: Any = msgspec.json.decode(row["content"])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    words = content.get("msg") if isinstance(content, dict) else content
    return _pywxdump({**row, "msg": words if isinstance(words, str) else ""})


def _weflow(row: Row) -> Told | None:
    if row["is_sender"] not in ("0", "1"):
        return None
    name = tidy(row["talker"])
    return Told(
        chat="",
        sender=person_id(name),
        mine=row["is_sender"] == "1",
        name=name,
        saved=None,
        at=row["CreateTime"],
        reason=reason_of(row["type_name"]),
        content=row["msg"],
        line_id=_message_id(row["MsgSvrID"]),
        words=own_words_or_label,
    )


def _whole(written: str) -> int | None:
    written = written.strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) < 16 else None


def _message_id(written: str) -> str:
    """The server's id; "" for 0, which messages have that never left the phone."""
    written = tidy(written)
    return "" if written.strip("0") == "" or len(written) > 64 else written


def _own_name(remark: str, nickname: str) -> bool:
    """Whether this is the name the owner gave him."""
    return bool(remark) and remark != nickname


_WECHATMSG = "TalkerId Type SubType IsSender CreateTime StrContent StrTime Remark NickName Sender"
_PYWXDUMP = ("MsgSvrID", "type_name", "is_sender", "talker", "room_name", "CreateTime")
WECHATMSG = Columns(("localId", *_WECHATMSG.split()), _wechatmsg)
MEMOTRACE = Columns(("消息ID", "类型", "发送人", "时间", "内容", "备注", "昵称"), _memotrace)
PYWXDUMP = Columns((*_PYWXDUMP, "msg"), _pywxdump)
PYWXDUMP_OLD = Columns((*_PYWXDUMP, "content"), _pywxdump_old)
_WEFLOW = ("id", "MsgSvrID", "type_name", "is_sender", "talker", "msg", "src", "CreateTime")
WEFLOW = Columns(_WEFLOW, _weflow, absent=("room_name",))
