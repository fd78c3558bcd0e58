"""The picture of the corpus: figures that are right, and a page that is whole, private and fetches nothing."""

import base64
import hashlib
import re
from collections import Counter
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import Contact, write_contacts
from training.corpus import RULES, Corpus, CorpusArticle, CorpusChat, CorpusLine
from training.report import wording
from training.report.charts import Series, month_chart
from training.report.figures import Figures, Month, build_figures
from training.report.page import read_figures, render, write_report
from training.report.tally import Spread, TypeFigures, spread

ZONE = ZoneInfo("Europe/Lisbon")


def ms(said: str) -> int:
    return int(datetime.fromisoformat(said).replace(tzinfo=ZONE).timestamp() * 1000)


def chat(corpus: Corpus, key: str, said: list[tuple[str, str, str]], kind: str = "personal") -> list[CorpusLine]:
    """`said`: (author, time, text); in a group the author is `owner`, `owner>ID` or the id of who writes."""
    corpus.put_chat(CorpusChat(key, kind, "A Name Of Nobody", key if kind == "personal" else ""))  # type: ignore[arg-type]
    lines = []
    for seq, (author, at, text) in enumerate(said):
        who, _, to = author.partition(">")
        mine = who == "owner"
        sender = "p:me" if mine else key if kind == "personal" else who
        line = CorpusLine(f"{seq}", "owner" if mine else "contact", text, ms(at), sender, to=to, seq=seq)
        lines.append(line)
    corpus.put_lines(key, lines)
    return lines


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Mum (family), Bram (friend), one without a type, and a group of Bram and somebody."""
    home = Home(tmp_path / "home").create()
    write_contacts(home, [Contact("Mum", "family", ("p:mum",)), Contact("Bram", "friend", ("p:bram", "q:bram"))])
    with Corpus.open(home) as corpus, corpus.transaction():
        mum = chat(
            corpus,
            "p:mum",
            [
                ("contact", "2024-07-01 20:00", "did you eat"),
                ("owner", "2024-07-01 20:00:40", "soup again mum"),  # 40 s
                ("owner", "2024-07-01 20:01", "❤️ soup"),
                ("contact", "2024-07-03 08:00", "still soup?"),
                ("owner", "2024-07-03 18:30", "soup, mum"),  # 10.5 h: a late answer, and no beginning
                ("owner", "2024-09-02 09:15", "I am home"),  # begins
                ("contact", "2024-09-02 09:16", "good"),
                ("contact", "2024-09-02 09:17", "good"),
            ],
        )
        corpus.set_aside("p:mum", "near_duplicate", [(mum[-1].at_ms, mum[-1].seq)])
        chat(corpus, "q:bram", [("owner", "2024-08-04 23:59", "rehearsal?"), ("contact", "2024-08-05 00:01", "yep")])
        chat(corpus, "p:none", [("contact", "2024-08-05 00:01", "hello")])
        said = [("p:bram", "2024-08-06 10:00", "who"), ("owner>p:bram", "2024-08-06 10:01", "you, mate")]
        said += [("owner", "2024-08-06 10:02", "all of you"), ("p:else", "2024-08-06 10:03", "me?")]
        chat(corpus, "p:group", said, "group")
        corpus.put_article(CorpusArticle("a", "Soup", "words"))
        corpus.put_counts(
            "aside", {("Chat with Mum.txt", "media"): 3, ("x.json", "media"): 2, ("x.json", "chat:channel"): 1}
        )
        corpus.put_counts("scrub", {("", "phone"): 4, ("", "iban"): 0})
        corpus.put_counts("dropped", {("", "near_duplicate"): 1})
    return home


def by_type(figures: Figures) -> dict[str, TypeFigures]:
    return {one.name: one for one in figures.types}


def test_should_count_lines_contacts_and_chats_but_nothing_that_was_set_aside(home: Home) -> None:
    figures = read_figures(home, ZONE)
    assert (figures.lines, figures.mine, figures.chats, figures.groups, figures.contacts) == (14, 7, 4, 1, 3)
    assert (figures.first_day, figures.last_day, figures.articles) == ("2024-07-01", "2024-09-02", 1)
    assert [(one.name, one.contacts, one.lines, one.mine) for one in figures.types] == [
        ("family", 1, 7, 4),
        ("friend", 1, 4, 2),
        ("(groups)", 0, 2, 1),
        ("", 1, 1, 0),
    ]


def test_should_leave_out_who_asked_to_be_forgotten(home: Home) -> None:
    home.excluded_file.write_text('{"senders": ["p:bram"]}')
    assert "friend" not in by_type(read_figures(home, ZONE))


def test_should_place_lines_in_months_and_hours_by_the_owners_clock(home: Home) -> None:
    figures = read_figures(home, ZONE)
    assert [(one.month, one.lines) for one in figures.months] == [
        ("2024-07", {"family": 5}),
        ("2024-08", {"friend": 4, "": 1, "(groups)": 2}),
        ("2024-09", {"family": 2}),
    ]
    assert figures.hours[0][20] == 2  # a Monday
    assert figures.hours[6][23] == 1
    assert sum(map(sum, figures.hours)) == figures.mine
    assert read_figures(home, ZoneInfo("Asia/Shanghai")).hours[1][3] == 2


def test_should_measure_replies_beginnings_lengths_and_emoji(home: Home) -> None:
    family = by_type(read_figures(home, ZONE))["family"]
    assert (family.conversations, family.begun) == (4, 1)  # a late answer opens one, and is not begun by the owner
    assert family.delay_s == Spread(40, 40, 37_800, 2)
    assert family.delays == (1, 0, 0, 0, 1, 0)
    assert (family.chars.low, family.chars.high, family.chars.count) == (7, 14, 4)
    assert (family.with_emoji, family.emoji) == (1, (("❤️", 1),))


def test_should_say_what_was_set_aside_by_reason_over_all_files(home: Home) -> None:
    found = [(one.stage, one.what, one.count) for one in read_figures(home, ZONE).set_aside]
    assert found == [
        ("aside", "media", 5),
        ("chats", "channel", 1),
        ("dropped", "near_duplicate", 1),
        ("scrub", "phone", 4),
    ]


def test_a_gap_should_end_a_conversation_at_its_own_length(home: Home) -> None:
    with Corpus.open(home) as corpus:
        figures = build_figures(corpus, [Contact("Mum", "family", ("p:mum",))], ZONE, gap_s=12 * 3600)
    assert by_type(figures)["family"].conversations == 3


@given(st.dictionaries(st.integers(0, 10_000), st.integers(1, 50), max_size=30))
@settings(max_examples=60)
def test_a_spread_should_be_of_values_that_were_counted(counts: dict[int, int]) -> None:
    found = spread(counts)
    values = sorted(Counter(counts).elements())
    assert found.count == len(values)
    if values:
        assert found.low <= found.middle <= found.high
        assert {found.low, found.middle, found.high} <= set(counts)
        assert sum(value < found.middle for value in values) < len(values) / 2 + 1e-9
        assert sum(value <= found.middle for value in values) >= len(values) / 2


counted = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 5000), min_size=1)
months = st.dictionaries(st.integers(1995 * 12, 2030 * 12), counted, max_size=25).map(
    lambda found: [Month(f"{at // 12:04}-{at % 12 + 1:02}", found[at]) for at in sorted(found)]
)


@given(months, st.sampled_from([(1040, 270), (350, 230)]))
@settings(max_examples=60)
def test_a_chart_should_draw_every_line_inside_its_frame(months: list[Month], size: tuple[int, int]) -> None:
    drawing = month_chart(months, [Series(one, one.upper(), one) for one in "abc"], *size)
    counts = [int(re.findall(r": ([\d,]+) line", shape.says)[0].replace(",", "")) for shape in drawing.shapes]
    said = sum(counts)
    assert said == sum(sum(month.lines.values()) for month in months)
    for shape in drawing.shapes:
        assert shape.x >= 0
        assert shape.x + shape.width <= size[0] + 0.1
        assert shape.y >= 0
        assert shape.y + shape.height <= size[1]
    if said:
        pairs = zip(drawing.shapes, counts, strict=True)
        scale = {round(shape.height / count, 2) for shape, count in pairs if shape.height > 20}
        assert len(scale) <= 2  # one scale, but for rounding


class _Page(HTMLParser):
    """Every element closed in order; what it finds on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def test_the_page_should_be_whole_private_and_alone(home: Home) -> None:
    place = write_report(home, zone=ZONE)
    assert place == home.corpus_dir / "report.html"
    assert place.stat().st_mode & 0o777 == 0o600
    text = place.read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert page.open == []
    style = text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(value for _tag, name, value in page.attributes if name == "content" and "default-src" in value)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not {"src", "href", "style", "onclick"} & {name for _tag, name, _value in page.attributes}
    assert "url(" not in style
    assert "@import" not in style
    ids = [value for _tag, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value for _tag, name, value in page.attributes if name == "aria-labelledby"} <= set(ids)
    for private in ("A Name Of Nobody", "Bram", "p:mum", "Chat with Mum.txt", "rehearsal", "did you eat"):
        assert private not in text


def test_the_page_should_say_the_figures_with_their_units(home: Home) -> None:
    text = render(read_figures(home, ZONE))
    for said in (
        "1 July 2024 to 2 September 2024, by the clock of Europe/Lisbon",
        "Jul 2024, family: 5 lines",
        "Mon 20:00–20:59: 2 lines of yours",
        "half within 40 s · 2 replies",
        "pictures, voice messages, files and polls without words",
        "Chats left out",
        "phone numbers",
    ):
        assert said in text
    assert "no type yet" in text


def test_words_of_people_should_never_become_markup(home: Home) -> None:
    with Corpus.open(home) as corpus, corpus.transaction():
        corpus.put_counts("aside", {("x", "<script>alert(1)</script>"): 1})
    assert "<script" not in render(read_figures(home, ZONE))


def test_articles_alone_should_make_a_page(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    with pytest.raises(CorpusError, match="nothing to report"):
        write_report(home)
    with Corpus.open(home) as corpus, corpus.transaction():
        corpus.put_article(CorpusArticle("a", "Soup", "words"))
    assert "What your corpus holds" in write_report(home, tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_corpus_that_an_import_left_half_written_should_make_no_page(home: Home) -> None:
    with Corpus.open(home) as corpus, corpus.transaction():
        corpus.put_mark(RULES, "some")
    with pytest.raises(CorpusError, match="not whole"):
        read_figures(home)


def test_a_page_that_cannot_be_written_should_be_told_with_its_next_step(home: Home, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be written") as refused:
        write_report(home, tmp_path / "nowhere" / "page.html")
    assert "--html" in refused.value.hint


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (60, "1 min"), (71, "71 s"), (720, "12 min"), (12_600, "3.5 h"), (200_000, "2 days")],
)
def test_durations_should_be_said_in_the_unit_that_fits(seconds: int, said: str) -> None:
    assert wording.duration(seconds) == said


def test_every_reason_and_kind_should_be_explained() -> None:
    from model_server.placeholders import KINDS
    from training.importers.base import REASONS

    assert [what for what in (*REASONS, *KINDS) if wording.reason(what) == what.replace("_", " ")] == ["deleted"]


def test_should_tell_the_languages_of_each_contact_type(home: Home) -> None:
    with Corpus.open(home) as corpus, corpus.transaction():
        said = [("contact", "2024-10-01 20:00", "我们明天几点见面？"), ("owner", "2024-10-01 20:01", "ok")]
        said += [("owner", "2024-10-03 20:01", "are you coming to the station tonight, or shall I wait at home?")]
        chat(corpus, "q:bram", said)
    (friend,) = [one for one in read_figures(home, ZONE).types if one.name == "friend"]
    assert friend.languages == (("zh", 2), ("en", 1))
    assert "zh 67 %, en 33 %" in write_report(home, None, ZONE).read_text().replace("&#160;", " ").replace("\xa0", " ")
