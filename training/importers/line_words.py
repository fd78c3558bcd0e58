"""What LINE itself writes into an exported chat, in the languages that it is used in most: ja en zh th ko id. Data.

Knows no message. The wording is that of exports shown in the parser of ChatLab (line-native-txt) and in other tests.
"""

import re

from training.importers.base import Reason

_BRACKETED: dict[Reason, str] = {
    "sticker": "スタンプ|Sticker|Stickers|貼圖|贴图|สติกเกอร์|스티커|Stiker",
    "media": (
        "写真|画像|動画|ボイスメッセージ|ファイル|位置情報|連絡先|ノート|アルバム|ギフト|投票|イベント|プレゼント|"
        "Photo|Photos|Video|Videos|Voice message|Audio|File|Location|Contact|Notes|Note|Album|Gift|Poll|Event|GIF|"
        "照片|圖片|图片|影片|视频|語音訊息|语音信息|檔案|文件|位置訊息|位置|聯絡資訊|联系信息|記事本|记事本|相簿|相册|禮物|投票活動|"
        "รูป|ภาพ|รูปภาพ|วิดีโอ|ข้อความเสียง|ไฟล์|ตำแหน่ง|อัลบั้ม|โน้ต|사진|동영상|음성메시지|파일|위치|앨범|Foto|Lokasi|null"
    ),
}
BARE: dict[str, Reason] = {word.casefold(): reason for reason, words in _BRACKETED.items() for word in words.split("|")}
"""A whole text in small letters, as desktops write it -> what it stands for."""
BRACKETED: dict[str, Reason] = {f"[{word}]": reason for word, reason in BARE.items()}
"""The same as phones write it."""

WITH_BRACKET = re.compile(r"\[(?:file|ファイル|檔案|文件|ไฟล์|파일|album|アルバム|相簿|相册|null)\]", re.IGNORECASE)
"""A text that begins so names a file, an album, or a place."""

CALL = re.compile(r"☎|\s?(?:不在着信|missed call|未接來電|未接来电|ไม่ได้รับสาย|부재중 통화)$", re.IGNORECASE)

_UNSENT = (
    "メッセージの送信を取り消しました|unsent a message|message unsent|已收回訊息|撤回了一条消息|已撤回消息|"
    "ยกเลิกข้อความ|ยกเลิกข้อความแล้ว|메시지 전송을 취소했습니다|membatalkan pengiriman pesan"
)
UNSENT = frozenset(_UNSENT.split("|"))
UNSENT_NOTICE = re.compile(rf"(?:{_UNSENT})[.。]?$", re.IGNORECASE)

NOTICE = re.compile(
    r"(?:グループ(?:に参加|を退会|に招待|から削除|を作成|名を変更)しました|を(?:グループに追加|招待)しました|アナウンスしました"
    r"|アルバム.*(?:作成|追加)しました|(?:joined|left) the (?:group|chat)|(?:invited|added) .* to the (?:group|chat)"
    r"|made an announcement|changed the group.*|created the album|已?加入(?:群組|該群|聊天)|已?離開(?:群組|聊天)"
    r"|离开群组|已退群|退出群組|設定公告|发布了通告|邀請.*加入|新增.*至群組|เข้าร่วมกลุ่ม|เข้ากลุ่ม|ออกจากกลุ่ม|เพิ่มประกาศ|เขียนโน้ตใหม่)[.。]?$",
    re.IGNORECASE,
)
"""In a line of a desktop's export, where no tab parts a sender from the text: nobody said this."""

_WEEK = (
    "月 mon monday 一 จ จันทร์ 월 sen senin",
    "火 tue tuesday 二 อ อังคาร 화 sel selasa",
    "水 wed wednesday 三 พ พุธ 수 rab rabu",
    "木 thu thursday 四 พฤ พฤหัสบดี 목 kam kamis",
    "金 fri friday 五 ศ ศุกร์ 금 jum jumat",
    "土 sat saturday 六 ส เสาร์ 토 sab sabtu",
    "日 sun sunday 天 อา อาทิตย์ 일 min minggu",
)
_WEEKDAYS = {word: number for number, words in enumerate(_WEEK) for word in words.split()}
_WEEK_MARKS = re.compile(r"[\s().,（）]|曜日|曜|週|周|星期|요일|^วัน")


def weekday_of(word: str) -> int | None:
    """The number of a weekday, Monday 0, however it is written: `水曜日`, `（週三）`, `Wed`; None when it is none."""
    return _WEEKDAYS.get(_WEEK_MARKS.sub("", _WEEK_MARKS.sub("", word)).casefold())


PERSONAL_TITLES = tuple(
    re.compile(pattern + r"(?:\.txt)?$", re.IGNORECASE)
    for pattern in (
        r"(?:\[LINE\] ?)?Chat (?:history )?with (.+?)",
        r"\[LINE\] ?(.+?)とのトーク(?:履歴)?",
        r"\[LINE\] ?[与與] ?(.+?) ?的聊天(?:[记記紀][录錄])?",
        r"\[LINE\] ?ประวัติการ(?:แชท|สนทนา)กับ ?(.+?)",
        r"\[LINE\] ?(.+?)님과(?:의)? ?(?:대화|채팅).*?",
        r"\[LINE\] ?Riwayat (?:obrolan|chat) dengan (.+?)",
    )
)
GROUP_TITLES = tuple(
    re.compile(pattern + r"(?:\.txt)?$", re.IGNORECASE)
    for pattern in (
        r"(?:\[LINE\] ?)?Chat history in (.+?)",
        r"\[LINE\] ?(.+?)のトーク(?:履歴)?",
        r"\[LINE\] ?(.+?) ?的聊天(?:[记記紀][录錄])?",
        r'\[LINE\] ?ประวัติการ(?:แชท|สนทนา)ใน(?:กลุ่ม)? ?"?(.+?)"?',
    )
)
FILE_TITLE = re.compile(r"\[LINE\][ _]?(.+?)(?: ?\(\d{1,3}\))?\.txt$", re.IGNORECASE)
"""The name of a desktop's export: the chat, which may be of two or of many."""

OWN_CHATS = frozenset(("keep memo", "keepメモ", "keep筆記", "keep 메모"))
"""A chat with oneself."""
