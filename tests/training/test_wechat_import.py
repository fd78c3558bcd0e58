"""WeChat's messages from four exporters: whose they are, what becomes a line, what is set aside and what refused."""

import json

import pytest

from model_server.errors import CorpusError
from training.importers import wechat_csv, wechat_json
from training.importers.base import ChatHead, Format, Person, RawLine, SkippedChat
from training.importers.source import MemorySource
from training.importers.wechat import at_ms_of, own_words, own_words_or_label, reason_of, reason_of_number

from .reading import EIGHT_EAST, document, events_of, fixture, only, set_aside, spoken

WECHATMSG, MEMOTRACE, PYWXDUMP, WEFLOW = wechat_csv.FORMATS
WEFLOW_JSON, PYWXDUMP_JSON = wechat_json.FORMATS
LIN, KAI, ROBIN, ME = "wechat:wxid_lin0001", "wechat:wxid_kai0001", "wechat:wxid_robin0001", "wechat:me"
ROOM = "wechat:48800000001@chatroom"

FILES: list[tuple[Format, str]] = [
    (WECHATMSG, "wechat/wechatmsg/小溪_utf8.csv"),
    (MEMOTRACE, "wechat/memotrace/小溪(wxid_lin0001)/小溪.csv"),
    (PYWXDUMP, "wechat/pywxdump/48800000001@chatroom_0_5000.csv"),
    (PYWXDUMP, "wechat/pywxdump_2/wxid_lin0001_0_5000.csv"),
    (WEFLOW, "wechat/weflow/私聊_小溪.csv"),
    (WEFLOW_JSON, "wechat/weflow.json"),
    (WEFLOW_JSON, "wechat/weflow_arkme.json"),
    (PYWXDUMP_JSON, "wechat/pywxdump.json"),
]


@pytest.mark.parametrize(("form", "name"), FILES)
def test_should_be_known_by_one_format_alone(form: Format, name: str) -> None:
    claimed = [one for one in (*wechat_csv.FORMATS, *wechat_json.FORMATS) if one.sniff(fixture(name).sample())]
    assert claimed == [form]


def test_wechatmsg_should_tell_the_owner_and_the_remark() -> None:
    events = events_of(WECHATMSG, fixture("wechat/wechatmsg/小溪_utf8.csv"))
    assert only(ChatHead, events) == [ChatHead(LIN, "personal", "小溪", LIN, ROBIN)]
    assert Person(LIN, "小溪", saved=True) in events
    assert spoken(events)[:3] == [(ROBIN, "周末有空吗"), (LIN, '有啊\n去爬山，"早点"出发'), (ROBIN, "[红包]恭喜")]
    assert set_aside(events) == {"media": 1, "sticker": 1, "forward": 1, "call": 1, "service": 1}


def test_should_take_a_word_that_is_also_a_reason_for_a_word() -> None:
    events = events_of(WECHATMSG, fixture("wechat/wechatmsg/小溪_utf8.csv"))
    assert spoken(events)[3:] == [(LIN, "call"), (LIN, "call")]
    assert len({line.line_id for line in only(RawLine, events)}) == 5, "equal messages of one instant are two"


def test_should_give_a_message_the_same_id_in_a_longer_export() -> None:
    whole = fixture("wechat/wechatmsg/小溪_utf8.csv")
    shorter = MemorySource(whole.name, b"\r\n".join(whole.content.split(b"\r\n")[:3]) + b"\r\n")
    ids = [line.line_id for line in only(RawLine, events_of(WECHATMSG, whole))]
    assert [line.line_id for line in only(RawLine, events_of(WECHATMSG, shorter))] == ids[:2]


def test_wechatmsg_should_tell_chats_of_one_file_apart() -> None:
    one = fixture("wechat/wechatmsg/小溪_utf8.csv").content.decode("utf-8-sig")
    row = "11,13,1,0,{mine},1720000200,2,{text},,,{name},{who}\r\n"
    other = row.format(mine=0, text="开会", name="Kai", who="wxid_kai0001")
    news = row.replace("11,13", "12,14").format(mine=0, text="推送", name="News", who="gh_0001")
    again = "13,12,1,0,0,1720000300,2,晚安,,小溪,林溪,wxid_lin0001\r\n"
    events = events_of(WECHATMSG, MemorySource("messages.csv", (one + other + news + again).encode()))
    assert [head.key for head in only(ChatHead, events)] == [LIN, KAI, LIN]
    assert spoken(events)[-2:] == [(KAI, "开会"), (LIN, "晚安")]
    assert only(SkippedChat, events) == [SkippedChat("official_account", "News", 1)]


def test_memotrace_should_not_say_who_the_owner_is_but_who_the_contact_is() -> None:
    events = events_of(MEMOTRACE, fixture("wechat/memotrace/小溪(wxid_lin0001)/小溪.csv"))
    assert only(ChatHead, events) == [ChatHead(LIN, "personal", "小溪", LIN, "")]
    assert spoken(events) == [(LIN, "到家了吗"), ("wechat:Robin", "到了"), (LIN, "早点睡，晚安")]
    assert only(RawLine, events)[0].at_ms == 1_720_000_000_000, "a time without a zone is one of the owner's clock"
    assert set_aside(events) == {"media": 1, "sticker": 1, "call": 1, "forward": 1}


def test_memotrace_should_know_the_contact_in_a_second_export_into_the_same_folder() -> None:
    first = fixture("wechat/memotrace/小溪(wxid_lin0001)/小溪.csv")
    again = MemorySource("聊天记录/小溪(wxid_lin0001)/小溪(1).csv", first.content)
    assert events_of(MEMOTRACE, again) == events_of(MEMOTRACE, first)


def test_memotrace_should_know_the_contact_by_the_file_where_the_folder_does_not_tell() -> None:
    content = fixture("wechat/memotrace/小溪(wxid_lin0001)/小溪.csv").content
    named = only(ChatHead, events_of(MEMOTRACE, MemorySource("小溪.csv", content)))[0]
    assert (named.key, named.contact) == ("wechat:小溪", "wechat:小溪")
    unnamed = only(ChatHead, events_of(MEMOTRACE, MemorySource("old.csv", content)))[0]
    assert (unnamed.key, unnamed.kind, unnamed.contact) == ("wechat:old", "personal", "")


def test_pywxdump_should_read_a_group_with_its_people() -> None:
    events = events_of(PYWXDUMP, fixture("wechat/pywxdump/48800000001@chatroom_0_5000.csv"))
    assert only(ChatHead, events) == [ChatHead(ROOM, "group", "48800000001@chatroom", "", ME)]
    assert only(Person, events) == [Person(KAI, "Kai", saved=False), Person(LIN, "小溪", saved=True)]
    lines = only(RawLine, events)
    assert [(line.sender, line.text) for line in lines] == [
        (KAI, "周五排练？"),
        (ME, "@小溪\u2005带大提琴"),
        (LIN, "好"),  # without the words it quotes
        (ME, "收到"),
    ]
    assert lines[1].to == LIN
    assert lines[3].line_id not in ("", "0"), "what never left the phone has no id of WeChat's"


def test_pywxdump_should_read_the_older_columns() -> None:
    events = events_of(PYWXDUMP, fixture("wechat/pywxdump_2/wxid_lin0001_0_5000.csv"))
    assert only(ChatHead, events) == [ChatHead(LIN, "personal", "wxid_lin0001", LIN, ME)]
    assert spoken(events) == [(LIN, "吃了没"), (ME, "刚吃完")]


def test_pywxdump_should_read_json() -> None:
    events = events_of(PYWXDUMP_JSON, fixture("wechat/pywxdump.json"))
    assert only(ChatHead, events)[-1] == ChatHead(KAI, "personal", "wxid_kai0001", KAI, ROBIN)
    assert spoken(events) == [(KAI, "还在加班？"), (ROBIN, "快了"), (KAI, "辛苦")]


def test_weflow_csv_should_set_aside_what_it_calls_text_and_is_none() -> None:
    events = events_of(WEFLOW, fixture("wechat/weflow/私聊_小溪.csv"))
    assert only(ChatHead, events) == [ChatHead("wechat:小溪", "personal", "小溪", "wechat:小溪", "wechat:Robin")]
    assert [text for _, text in spoken(events)] == ["明天几点", "八点", "[捂脸]太早了"]
    assert set_aside(events) == {"media": 1, "forward": 1, "service": 1}


def test_weflow_json_should_pair_a_reply_with_what_it_answers() -> None:
    events = events_of(WEFLOW_JSON, fixture("wechat/weflow.json"))
    assert only(ChatHead, events)[-1] == ChatHead(LIN, "personal", "小溪", LIN, ROBIN)
    assert Person(LIN, "小溪", saved=True) in events
    assert [(line.line_id, line.text, line.reply_to) for line in only(RawLine, events)][:2] == [
        ("5501", "周末去看展吗", ""),
        ("5502", "好啊", "5501"),
    ]


def test_weflow_json_should_read_its_compact_kind_and_know_whom_a_mention_means() -> None:
    events = events_of(WEFLOW_JSON, fixture("wechat/weflow_arkme.json"))
    assert only(ChatHead, events)[-1] == ChatHead(ROOM, "group", "乐队", "", ROBIN)
    assert [line.to for line in only(RawLine, events)] == ["", KAI]


def test_weflow_json_should_set_official_accounts_aside() -> None:
    export = json.loads(fixture("wechat/weflow.json").content)
    export["session"]["accountId"] = "gh_0123456789"
    assert events_of(WEFLOW_JSON, document(export)) == [SkippedChat("official_account", "小溪", 6)]


def test_should_quote_nobody() -> None:
    assert own_words("好的\n引用：小溪: 明天见") == ("好的", None)
    assert own_words("好的\n\n[引用](2024-07-03 17:46:40)小溪:明天[见]") == ("好的", None)
    assert own_words("好的[引用 小溪：明天[见]]") == ("好的", None)
    assert own_words("[引用 小溪：明天见]") == ("", "empty")
    assert own_words("他说[引用 不该写") == ("他说[引用 不该写", None)


def test_should_know_types_by_every_exporters_words() -> None:
    assert [reason_of(word) for word in ("文本", "文本消息", "text", "引用回复", "引用消息")] == [None] * 5
    words = "图片消息 动画表情 (分享)小程序 消息撤回57 通话消息 系统通知 企业微信打招呼(猜) 未知-11000,0"
    expected = ["media", "sticker", "forward", "deleted", "call", "service", "service", "unsupported"]
    assert [reason_of(word) for word in words.split()] == expected
    numbers = [(1, 0), (49, 57), (49, 5), (49, 6), (47, 0), (50, 0), (10000, 0), (9999, 0)]
    expected_of_numbers = [None, None, "forward", "media", "sticker", "call", "service", "unsupported"]
    assert [reason_of_number(*number) for number in numbers] == expected_of_numbers


def test_should_leave_a_typed_face_and_take_a_label_off() -> None:
    assert own_words_or_label("[红包]恭喜发财")[1] == "media"
    assert own_words_or_label("[旺柴]")[1] is None
    assert own_words_or_label('"小溪" 拍了拍我')[1] == "service"


def test_should_read_every_way_of_writing_a_time() -> None:
    ways = ("1720000000", "1720000000000", "2024-07-03 17:46:40", "2024-07-03T09:46:40.000Z")
    assert {at_ms_of(way, EIGHT_EAST) for way in ways} == {1_720_000_000_000}
    assert [at_ms_of(way, EIGHT_EAST) for way in ("", "soon", "0", "2024-13-45", "9" * 400)][:4] == [None] * 4


@pytest.mark.parametrize(
    ("form", "name", "aside", "read"),
    [
        (WECHATMSG, "wechatmsg/小溪_utf8.csv", {"damaged": 3, "undated": 1}, 2),
        (PYWXDUMP, "pywxdump/48800000001@chatroom_0_5000.csv", {"damaged": 2}, 1),
        (PYWXDUMP, "pywxdump_2/wxid_lin0001_0_5000.csv", {"damaged": 1, "empty": 1}, 0),
        (WEFLOW_JSON, "weflow.json", {"damaged": 2, "undated": 1}, 0),
        (PYWXDUMP_JSON, "pywxdump.json", {"damaged": 2, "undated": 1}, 1),
    ],
)
def test_should_read_good_rows_among_bad_ones(form: Format, name: str, aside: dict[str, int], read: int) -> None:
    events = events_of(form, fixture(f"wechat/malformed/{name}"))
    found = set_aside(events)
    assert {reason: found.get(reason, 0) for reason in aside} == aside
    assert len(spoken(events)) == read


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (MEMOTRACE, "memotrace/小溪(wxid_lin0001)/小溪.csv"),
        (WEFLOW, "weflow/私聊_小溪.csv"),
        (WEFLOW_JSON, "weflow_arkme.json"),
    ],
)
def test_should_refuse_what_breaks_off(form: Format, name: str) -> None:
    with pytest.raises(CorpusError, match=r"breaks off near line \d+ → export the chat again"):
        events_of(form, fixture(f"wechat/malformed/{name}"))


@pytest.mark.parametrize(("form", "_name"), FILES)
@pytest.mark.parametrize("content", [b"", b"{}", b"a,b\n1,2\n", b'"', b"[1"])
def test_should_refuse_what_is_none(form: Format, _name: str, content: bytes) -> None:
    with pytest.raises(CorpusError, match="export the chat again"):
        events_of(form, MemorySource("a.csv", content))
