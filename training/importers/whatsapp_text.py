"""What one message of a WhatsApp export is: words of its sender's, or a reason why not.

Knows no file and no date. WhatsApp's own words stand where a sender's would, in the language of the phone: they are
told by the mark of direction that iOS puts before them, by the brackets that Android puts around them, or by the words.
"""

import re
from typing import NamedTuple

from training.importers.base import LONGEST_TEXT_CHARS, Reason
from training.importers.text import tidy
from training.importers.whatsapp_words import (
    ATTACHED,
    CALLS,
    DELETED,
    MEDIA,
    NOTICES,
    OWN_DELETED,
    POLLS,
    STICKERS,
    fold,
)

_MARK = "\u200e"
_DIRECTIONS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_LONGEST_PHRASE_CHARS = 160
_ORDINARY = re.compile(r"[^\u200e<(\n:/.：]*+[.…]*$")
"""Most texts: nothing in them marks a file, a place or words of the platform's."""
_EDITED = re.compile(
    r"\s*(?:\u200e<[^<>\n:]{4,60}>|<[^<>\n:]{0,50}(?:edit|bearbeitet|modifi|bewerkt|измен|змінен|düzenlen|edytowan|rediger"
    r"|chỉnh sửa|upraven|szerkeszt|muokat|επεξεργ|संपादित|แก้ไข|تعديل|נערכ|編集|수정|編輯|编辑)[^<>\n]{0,20}>)\s*$",
    re.IGNORECASE,
)
_FILE = re.compile(r"[^\n]{1,200}\.\w{2,5}")
_ATTACHED_IOS = re.compile(r"<[^<>:\n]{2,24}[:：]\s?([^<>\n]+)>")
_ATTACHED_ANDROID = re.compile(r"(?P<file>[^\n]{1,200}?) \((?P<words>[^()\n]{3,40})\)")
_ANDROID_FILE = re.compile(r"(?:IMG|VID|AUD|PTT|STK|DOC)-\d{8}-WA\d+", re.IGNORECASE)
_DOCUMENT_OMITTED = re.compile(r"[^\n]{1,120}\.\w{2,5}(?: • \d+ \S{1,12})? (\D[^\n]*)")
_PLACEHOLDER = re.compile(r"<[^<>\n]{3,60}>")
_OF_MEDIA = re.compile(
    r"medi|omit|omis|omes|weggel|ausgeschl|vedlegg|\bfi[cl]|archiv|once|audio|video|voice", re.IGNORECASE
)
_LOCATION = re.compile(
    r"(?:[^\n]{0,200}\n){0,2}[^\n]{0,200}https://(?:maps\.google\.com/\?q=-?\d|foursquare\.com/v/)\S*"
)
_CALL_ENDS = re.compile(r"[,.،、]|\s(?:at|um|à|a las|alle|às|om|в)\s|\s\d")
_EXACT: dict[str, Reason] = {
    "": "empty",
    **dict.fromkeys(MEDIA, "media"),
    **dict.fromkeys((phrase.strip("<>").strip() for phrase in MEDIA), "media"),
    **dict.fromkeys(STICKERS, "sticker"),
    **dict.fromkeys(DELETED, "deleted"),
}
_MENTIONED = re.compile(r"@\u200e?\u2068([^\u2068\u2069\n]{1,100})\u2069|@(\d{8,15})\b")


class Said(NamedTuple):
    """A message as it is kept: its text, or why it has none. `own`: the sender is who exported the chat."""

    text: str
    reason: Reason | None = None
    own: bool = False


def judge(body: str) -> Said:
    """Tell the sender's words from WhatsApp's."""
    ordinary = _ORDINARY.match(body) is not None
    by_platform = body.startswith(_MARK) and not body.lstrip("\u200e\u2068").startswith("@")
    if body.endswith(">"):
        body = (body[:-_LONGEST_PHRASE_CHARS] + _EDITED.sub("", body[-_LONGEST_PHRASE_CHARS:])) or body
    folded = fold(body[:_LONGEST_PHRASE_CHARS])
    if reason := _worded(body, folded) or (None if ordinary else _marked(body, by_platform)):
        return Said("", reason, folded in OWN_DELETED)
    caption = None if ordinary else _caption(body)
    if caption is None:
        return Said("", "service") if by_platform else _kept(body)
    return _kept(caption) if caption else Said("", _media_of(body))


def judge_notice(body: str) -> Reason:
    """What a line without a sender is about."""
    folded = fold(body[:_LONGEST_PHRASE_CHARS])
    if folded in DELETED:
        return "deleted"
    return "call" if folded.startswith(CALLS) else "service"


def mentioned(body: str) -> set[str]:
    """Names, or numbers as `+1202...`, of the people that a text mentions."""
    return {name or f"+{number}" for name, number in _MENTIONED.findall(body)} if "@" in body else set()


def _kept(body: str) -> Said:
    if len(body) > LONGEST_TEXT_CHARS:
        return Said("", "too_long")
    text = tidy(_DIRECTIONS.sub("", body))
    return Said(text) if text else Said("", "empty")


def _worded(body: str, folded: str) -> Reason | None:
    """Why a text is one of WhatsApp's phrases; None when it is not, as far as its words go."""
    if folded.startswith(NOTICES):
        return "service"
    if len(body) > _LONGEST_PHRASE_CHARS or not (exact := _EXACT.get(folded) or _call(folded)):
        return None
    return exact


def _call(folded: str) -> Reason | None:
    if not folded.startswith(CALLS):
        return None
    rest = min((folded.removeprefix(one) for one in CALLS), key=len)
    return "call" if not rest or _CALL_ENDS.match(rest) else None


def _marked(body: str, by_platform: bool) -> Reason | None:
    """Whether a whole text stands for something that is no words, by its form."""
    title = fold(body.partition("\n")[0][:_LONGEST_PHRASE_CHARS])
    if POLLS.match(title) and (by_platform or (POLLS.fullmatch(title) and "\n" in body)):
        return "media"
    if len(body) > _LONGEST_PHRASE_CHARS:
        return None
    plain = _DIRECTIONS.sub("", body).strip()
    document = _DOCUMENT_OMITTED.fullmatch(plain)
    found = _is_placeholder(plain) or _LOCATION.fullmatch(plain) or (document and fold(document[1]) in MEDIA)
    return "media" if found else None


def _is_placeholder(plain: str) -> bool:
    """`<Media omitted>` in any language, but not a person's own `<grin>`."""
    found = _PLACEHOLDER.fullmatch(plain) is not None and "://" not in plain
    return found and (not plain.isascii() or _OF_MEDIA.search(plain) is not None)


def _caption(body: str) -> str | None:
    """The sender's words beside a file, "" when there are none; None when there is no file."""
    before, mark, last = body.rpartition(_MARK)
    if mark and (_ATTACHED_IOS.fullmatch(last.strip()) or _EXACT.get(fold(last)) in ("media", "sticker")):
        words = _DIRECTIONS.sub("", before).strip()
        return "" if "•" in words or _FILE.fullmatch(words) else words
    first, _, rest = _DIRECTIONS.sub("", body).strip().partition("\n")
    rest = rest.strip()
    if _ATTACHED_IOS.fullmatch(first) and _FILE.search(first):
        return rest
    attached = _ATTACHED_ANDROID.fullmatch(first)
    if attached and (_ANDROID_FILE.match(attached["file"]) or fold(attached["words"]) in ATTACHED):
        return "" if rest == attached["file"].rpartition(".")[0] or _FILE.fullmatch(rest) else rest
    if _is_placeholder(first):
        return "" if _FILE.fullmatch(rest) else rest
    return None


def _media_of(body: str) -> Reason:
    return "sticker" if re.search(r"STK-\d{8}-WA|-STICKER-|\.webp\b", body) else "media"
