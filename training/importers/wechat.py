"""What WeChat's messages are, whoever exported them: which are words, which are the sender's own, and who is meant.

Knows the words of the exporters (WeChatMsg and MemoTrace, PyWxDump, WeFlow) for WeChat's types, and no file. Types:
`type_converter` of PyWxDump 3, `MessageType.name` of MemoTrace 2, `getMessageTypeName` of WeFlow.
"""

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from training.importers.base import LONGEST_TEXT_CHARS, Aside, LineIds, RawLine, Reading, Reason
from training.importers.text import local_ms, tidy

ME = "wechat:me"
"""The exporter, in files that mark his messages and do not tell his id."""

_WORDS = ("文本", "文本消息", "text", "粘贴的文本", "引用", "引用消息", "引用回复")
_REASONS: Mapping[str, Reason] = {
    "图片": "media",
    "image": "media",
    "语音": "media",
    "voice": "media",
    "视频": "media",
    "video": "media",
    "文件": "media",
    "file": "media",
    "位置": "media",
    "位置分享": "media",
    "位置共享": "media",
    "location": "media",
    "名片": "media",
    "个人/公众号名片": "media",
    "企业微信名片": "media",
    "红包": "media",
    "转账": "media",
    "赠送红包封面": "media",
    "动画表情": "sticker",
    "表情": "sticker",
    "表情包": "sticker",
    "sticker": "sticker",
    "用户上传的GIF表情": "sticker",
    "链接": "forward",
    "分享链接": "forward",
    "音乐": "forward",
    "音乐分享": "forward",
    "小程序": "forward",
    "视频号": "forward",
    "视频号直播或直播回放": "forward",
    "视频号直播或直播回放等": "forward",
    "收藏笔记": "forward",
    "聊天记录": "forward",
    "转发的聊天记录": "forward",
    "合并转发的聊天记录": "forward",
    "推荐公众号": "forward",
    "游戏相关": "forward",
    "通话": "call",
    "语音通话": "call",
    "视频通话": "call",
    "音视频通话": "call",
    "系统": "service",
    "系统消息": "service",
    "系统通知": "service",
    "拍一拍": "service",
    "群公告": "service",
    "接龙": "service",
    "添加好友": "service",
    "邀请加群": "service",
    "企业微信打招呼": "service",
    "企业微信添加好友": "service",
}
_PREFIXES: tuple[tuple[str, Reason], ...] = (("(分享)", "forward"), ("消息撤回", "deleted"), ("撤回", "deleted"))
_BY_NUMBER: Mapping[int, Reason] = {
    3: "media",
    34: "media",
    37: "service",
    42: "media",
    43: "media",
    47: "sticker",
    48: "media",
    50: "call",
    65: "service",
    66: "media",
    10000: "service",
    10002: "service",
}
_APP_BY_NUMBER: Mapping[int, Reason] = {0: "media", 6: "media", 8: "sticker", 17: "media", 2000: "media", 2001: "media"}
_LABEL = re.compile(r"\[([^\]\n]{2,12})\]")
_LONGEST_SYSTEM_CHARS = 200
_SYSTEM = re.compile(
    r'(?:撤回了一条消息$|^你已添加了.{1,60}，现在可以开始聊天了|^以上是打招呼的内容|邀请.{1,80}加入了?群聊|^"?.{1,40}拍了拍)'
)
_QUOTES = ("\n引用：", "\n[引用](")
"""What MemoTrace and PyWxDump write before the message that is quoted, after the sender's own words."""
_QUOTE_IN_BRACKETS = "[引用 "
"""And WeFlow, which ends with `]`."""
_MENTION = re.compile(r"@([^@\u2005\n]{1,64})\u2005")
_SERVICE_ACCOUNTS = frozenset(("weixin", "newsapp", "fmessage", "medianote", "floatbottle", "qmessage", "qqmail"))


def reason_of(type_name: str) -> Reason | None:
    """Why messages of this type, by an exporter's word for it, are no lines; None when they hold words."""
    name = tidy(type_name).removesuffix("(猜)")
    if name in _WORDS:
        return None
    found = _REASONS.get(name) or _REASONS.get(name.removesuffix("消息"))
    return found or next((reason for prefix, reason in _PREFIXES if name.startswith(prefix)), "unsupported")


def reason_of_number(kind: int, below: int) -> Reason | None:
    """As `reason_of`, by WeChat's own numbers (`Type`, `SubType`)."""
    if kind == 1 or (kind == 49 and below in (1, 57)):
        return None
    if kind == 49:
        return _APP_BY_NUMBER.get(below, "forward")
    return _BY_NUMBER.get(kind, "unsupported")


Words = tuple[str, Reason | None]
"""A text, and why it is no line."""


def own_words(content: str) -> Words:
    """What the sender himself wrote, without the message he quotes."""
    text = tidy(_without_quote(content))
    if not text:
        return text, "empty"
    if len(text) > LONGEST_TEXT_CHARS:
        return text, "too_long"
    return text, "unsupported" if text.startswith(("<?xml", "<msg", "<sysmsg")) else None


def own_words_or_label(content: str) -> Words:
    """As `own_words`, from an exporter that calls everything text: `[图片]`, or what WeChat says, is no words."""
    text, reason = own_words(content)
    if reason is None and (label := _LABEL.match(text)):
        by_label = reason_of(label[1])
        reason = None if by_label == "unsupported" else by_label  # `[捂脸]` is a face, typed
    if reason is None and len(text) < _LONGEST_SYSTEM_CHARS and _SYSTEM.search(text):
        reason = "service"
    return text, reason


def _without_quote(content: str) -> str:
    if "引用" not in content:
        return content
    content = content.replace("\r\n", "\n")
    ends = [content.find(mark) for mark in _QUOTES]
    if content.rstrip().endswith("]"):
        ends.append(content.find(_QUOTE_IN_BRACKETS))
    return content[: min((end for end in ends if end >= 0), default=len(content))]


@dataclass(frozen=True, slots=True)
class Told:
    """What an exporter tells of one message."""

    chat: str
    """What sets the chats of one file apart: WeChat's account where the exporter tells it, else a number or ""."""
    sender: str
    """Id of a person, "" when not told."""
    mine: bool | None
    """Whether the exporter wrote it; None where the file does not say."""
    name: str
    saved: bool | None
    at: str
    reason: Reason | None
    """By its type, why it is no line."""
    content: str
    line_id: str = ""
    reply_to: str = ""
    words: Callable[[str], Words] = own_words

    def to_line(self, sender: str, ids: LineIds, ids_by_name: Mapping[str, str], reading: Reading) -> RawLine | Aside:
        """The line, or why it is none. `ids_by_name`: people of this group, to find who is addressed."""
        if self.reason is not None:
            return Aside(self.reason)
        text, reason = self.words(self.content)
        if reason is not None:
            return Aside(reason)
        at_ms = at_ms_of(self.at, reading.zone)
        if at_ms is None:
            return Aside("undated")
        if not sender:
            return Aside("damaged")
        line_id = self.line_id or ids.next(at_ms, sender, text)
        return RawLine(line_id, sender, text, at_ms, self.reply_to, addressee(text, ids_by_name))


def addressee(text: str, ids_by_name: Mapping[str, str]) -> str:
    """The first one addressed as `@name`, which WeChat ends with U+2005; "" when nobody known is."""
    names = (found[1].strip() for found in _MENTION.finditer(text)) if "\u2005" in text else ()
    return next((ids_by_name[name] for name in names if name in ids_by_name), "")


def person_id(account: str) -> str:
    """`wechat:wxid_...`; `me` for the word by which exporters name the exporter."""
    account = tidy(account)
    return ME if account == "我" else f"wechat:{account}" if account else ""


def skipped_kind(account: str) -> Literal["official_account", "saved_messages", ""]:
    """Why the whole chat with this account is set aside; "" for a person or a group."""
    if account == "filehelper":
        return "saved_messages"
    return "official_account" if account.startswith("gh_") or account in _SERVICE_ACCOUNTS else ""


def is_group(account: str) -> bool:
    """Whether this is a chat room's account."""
    return account.endswith(("@chatroom", "@im.chatroom"))


def at_ms_of(written: str, zone: tzinfo) -> int | None:
    """A time in any exporter's way: seconds, milliseconds, `2024-01-31 10:00:00`, ISO 8601; None when it is none."""
    written = written.strip()
    with contextlib.suppress(ValueError, OverflowError, OSError):
        if written.isascii() and written.isdigit():
            number = int(written[:16])
            at_ms = number if number > 1 << 36 else number * 1000
        else:
            moment = datetime.fromisoformat(written)
            at_ms = int(moment.timestamp() * 1000) if moment.tzinfo else local_ms(moment, zone)
        return at_ms if at_ms > 0 else None
    return None
