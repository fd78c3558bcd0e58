"""The owner's writing from Markdown, web pages, feeds and WordPress: what is taken, what is left, what is refused."""

import time
from pathlib import Path

import pytest

from model_server.errors import CorpusError
from tests.training.reading import FIXTURES, events_of, fixture, only, set_aside
from training.importers import feeds, html, markdown, wordpress
from training.importers.article_text import LONGEST_ARTICLE_BYTES, file_key, to_ms
from training.importers.base import Article, Event, Format
from training.importers.formats import FORMATS, choose
from training.importers.source import MemorySource

UTC_MS = 1738396800000  # 2025-02-01 08:00 UTC
FORMAT_OF = {
    "yaml-front-matter.md": markdown.FORMAT,
    "toml-front-matter.md": markdown.FORMAT,
    "page.html": html.FORMAT,
    "feed.rss": feeds.FORMAT,
    "feed.atom": feeds.FORMAT,
    "wordpress.xml": wordpress.FORMAT,
}


def articles(name: str) -> list[Article]:
    return only(Article, events_of(FORMAT_OF[name], fixture(f"articles/{name}")))


def read(form: Format, text: str | bytes, name: str = "x") -> list[Event]:
    return events_of(form, MemorySource(name, text.encode() if isinstance(text, str) else text))


def test_every_fixture_should_be_tested() -> None:
    assert {path.name for path in (FIXTURES / "articles").iterdir() if path.is_file()} == set(FORMAT_OF)


@pytest.mark.parametrize("name", FORMAT_OF)
def test_each_file_should_be_known_by_its_own_format_alone(name: str) -> None:
    claimed = [one.name for one in FORMATS if one.sniff(fixture(f"articles/{name}").sample())]
    assert claimed == [FORMAT_OF[name].name]


@pytest.mark.parametrize("name", FORMAT_OF)
def test_a_malformed_twin_should_be_refused_by_file_and_line_with_a_next_step(name: str) -> None:
    twin = fixture(f"articles/malformed/{name}")
    form = choose(twin.sample())
    assert form is FORMAT_OF[name]
    with pytest.raises(CorpusError, match=rf"malformed/{name} breaks off near line \d+") as refused:
        events_of(form, twin)
    assert refused.value.hint


def test_front_matter_should_give_title_and_date_and_be_no_text() -> None:
    (found,) = articles("yaml-front-matter.md")
    assert (found.title, found.at_ms) == ("Why kettles whistle", 1738517400000)
    assert found.markdown.startswith("A kettle does not whistle")
    (chinese,) = articles("toml-front-matter.md")
    assert (chinese.title, chinese.at_ms) == ("煮水的声音", 1730768400000)


def test_a_title_should_come_from_the_first_heading_or_the_name_of_the_file() -> None:
    (found,) = only(Article, read(markdown.FORMAT, "\n# Lids #\n\nwords"))
    assert found.title == "Lids"
    (named,) = only(Article, read(markdown.FORMAT, "words", "posts/on-open_pots/index.md"))
    assert named.title == "on open pots"


def test_an_article_should_have_one_key_wherever_its_folder_lies_and_another_for_another_title() -> None:
    assert file_key("a/soup.md", "Soup") == file_key("soup.md", "soup") != file_key("a/soup.md", "Bread")


@pytest.mark.parametrize(
    "front",
    [
        "\n<!-- a note -->\n---\ntitle: Walks\nkey: secret\n---",
        '{\n  "title": "Walks",\n  "key": "secret"\n}',
        "# Walks\n\nCreated: May 1, 2023\nKey: secret",
        "---\ntitle: Walks\nkey: secret",
    ],
)
def test_what_stands_before_an_article_should_never_be_its_text(front: str) -> None:
    (found,) = read(markdown.FORMAT, f"{front}\n\nOne thing: I walk.\n", "walks.md")
    assert isinstance(found, Article)
    assert found.markdown.removeprefix("# Walks").strip("-\n") == "One thing: I walk."


def test_words_between_two_rules_should_not_be_taken_for_front_matter() -> None:
    (found,) = only(Article, read(markdown.FORMAT, "---\njust words\n---\n\nmore"))
    assert found.markdown == "---\njust words\n---\n\nmore"


def test_a_page_should_give_the_article_and_nothing_around_it() -> None:
    (found,) = articles("page.html")
    assert (found.key, found.title) == ("web:https://notes.example.org/lids", "A defence of lids")
    assert "*lost*" in found.markdown
    assert "- Rice: lid on, and hands off." in found.markdown
    for never in ("never", "color", "About me", "token", "Subscribe", "stranger", "rights reserved"):
        assert never not in found.markdown


def test_a_feed_should_give_full_texts_and_set_excerpts_aside() -> None:
    (full,) = articles("feed.rss")
    assert (full.title, full.at_ms) == ("Spoons & other arguments", UTC_MS)
    assert full.markdown.endswith("The others are for guests, who use none.")
    assert set_aside(events_of(feeds.FORMAT, fixture("articles/feed.rss"))) == {"unsupported": 1, "empty": 1}


def test_atom_should_be_read_by_the_type_of_its_content() -> None:
    xhtml, text = articles("feed.atom")
    assert (xhtml.title, xhtml.markdown.splitlines()[0]) == ("论<锅盖>", "## 锅盖的用处")
    assert text.markdown.startswith("Five is < six")


def test_a_wordpress_export_should_give_published_posts_alone() -> None:
    spoons, classic = articles("wordpress.xml")
    assert (spoons.title, spoons.at_ms) == ("Spoons & other arguments", UTC_MS)
    assert "somebody else's words" not in spoons.markdown
    assert classic.markdown.split("\n\n") == [
        "The first paragraph stands alone, without a tag around it.",
        "The second one follows a blank line, and *that is* how WordPress 3 knew.",
    ]
    assert classic.at_ms == 1304474400000  # its time has no zone: that of the reader, +08:00
    assert set_aside(events_of(wordpress.FORMAT, fixture("articles/wordpress.xml"))) == {"unsupported": 2, "media": 1}


def test_a_post_should_have_one_key_in_the_feed_and_in_the_export() -> None:
    assert articles("feed.rss")[0].key == articles("wordpress.xml")[0].key


def test_posts_of_several_authors_should_be_refused() -> None:
    whole = (FIXTURES / "articles/wordpress.xml").read_text()
    with pytest.raises(CorpusError, match="2 authors: guest, ines") as refused:
        read(wordpress.FORMAT, whole.replace("<wp:status>draft", "<wp:status>publish"))
    assert "Tools → Export" in refused.value.hint
    with pytest.raises(CorpusError, match="several authors"):
        read(feeds.FORMAT, (FIXTURES / "articles/feed.rss").read_text().replace("Ines", "Another", 1))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chat.md", "[2024-05-01, 10:00] Ana: hi\n[2024-05-01, 10:01] Me: hello\n"),
        ("messages.html", '<!doctype html><div class="message default clearfix">hi</div>'),
        ("picture.md", "\0\1\2"),
    ],
)
def test_chats_and_binaries_should_not_be_taken_for_articles(name: str, text: str) -> None:
    sample = MemorySource(name, text.encode()).sample()
    assert not markdown.FORMAT.sniff(sample)
    assert not html.FORMAT.sniff(sample)


def test_feeds_in_other_encodings_should_be_read_and_forbidden_characters_left_out() -> None:
    item = "<item><title>锅盖</title><description>热气\x0b都散了</description></item>"
    body = f'<?xml version="1.0" encoding="GBK"?><rss><channel>{item}</channel></rss>'
    (found,) = only(Article, read(feeds.FORMAT, body.encode("gbk")))
    assert (found.title, found.markdown) == ("锅盖", "热气 都散了")


def test_pages_should_be_read_in_the_encoding_they_declare() -> None:
    page = '<html><head><meta charset="gb2312"></head><body><p>热气都散了</p></body></html>'
    assert [one.markdown for one in only(Article, read(html.FORMAT, page.encode("gbk")))] == ["热气都散了"]
    assert only(Article, read(html.FORMAT, page.replace("gb2312", "iso-8859-12")))


def test_a_page_should_be_read_that_the_parser_refuses_at_first() -> None:
    (found,) = only(Article, read(html.FORMAT, "<html><body><p>words</p><![NOBODY knows]]></body></html>"))
    assert found.markdown.startswith("words")


HOSTILE = {
    "entities": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rss><item><title>&b;</title></item></rss>',
    "outside": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><item><title>&a;</title></item></rss>',
    "depth": "<rss>" + "<a>" * 100_000,
    "endless tag": "<rss><item " + "a" * (6 << 20),
    "wrong encoding": '<?xml version="1.0" encoding="idna"?><rss><item>\xff\xfe',
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_xml_should_be_refused_at_once(kind: str) -> None:
    began = time.perf_counter()
    with pytest.raises(CorpusError):
        read(feeds.FORMAT, HOSTILE[kind])
    assert time.perf_counter() - began < 2


def test_hostile_front_matter_should_neither_multiply_nor_hang() -> None:
    levels = "\n".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 40)}]}}" for n in range(1, 12))
    (found,) = only(Article, read(markdown.FORMAT, f"---\na0: &a0 {{k: v}}\n{levels}\n---\nwords"))
    assert found.markdown == "words"
    with pytest.raises(CorpusError, match="breaks off near line"):
        read(markdown.FORMAT, f"---\na: {'[' * 5000}\n---\nwords")


@pytest.mark.parametrize("piece", ["<div>", "<a ", "<!--", "<![CDATA[", "&#", "<b><i>", "<table><tr><td>", "<ul><li>"])
def test_hostile_html_should_be_read_in_a_bounded_time(piece: str) -> None:
    began = time.perf_counter()
    read(html.FORMAT, f"<html><body><p>words</p>{piece * 3000}</body></html>")
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize("form", [markdown.FORMAT, html.FORMAT])
def test_what_is_too_long_for_an_article_should_be_set_aside(form: Format) -> None:
    assert set_aside(read(form, b"a" * (LONGEST_ARTICLE_BYTES + 1))) == {"too_long": 1}


def test_a_post_that_is_too_long_should_be_set_aside_alone() -> None:
    long = "a" * (LONGEST_ARTICLE_BYTES + 1)
    text = f"<rss><item><description>{long}</description></item><item><description>short</description></item></rss>"
    events = read(feeds.FORMAT, text)
    assert set_aside(events) == {"too_long": 1}
    assert [one.markdown for one in only(Article, events)] == ["short"]


@pytest.mark.parametrize(
    ("said", "ms"),
    [
        ("2025-02-01T08:00:00Z", UTC_MS),
        ("Sat, 01 Feb 2025 09:00:00 +0100", UTC_MS),
        ("2025-02-01 16:00", UTC_MS),
        ("2025/2/1 16:00:00", UTC_MS),
        ("2025-02-01 09:00:00 +0100", UTC_MS),
        ("2025-13-45", 0),
        ("0001-01-01", 0),
        ("soon", 0),
        (None, 0),
    ],
)
def test_dates_should_be_read_as_documents_say_them(said: object, ms: int) -> None:
    from tests.training.reading import EIGHT_EAST

    assert to_ms(said, EIGHT_EAST) == ms


def test_the_articles_of_the_sample_owner_should_be_read(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "training/sample/articles"
    found = [
        article
        for path in sorted(folder.glob("*.md"))
        for article in only(Article, read(markdown.FORMAT, path.read_bytes(), path.name))
    ]
    assert len({one.key for one in found}) == len(found) == 6
    assert all(one.at_ms for one in found)


@pytest.mark.parametrize("tag", [b"<a>", b"<article>", b'<div class="received'])
def test_a_page_of_nothing_but_tags_should_not_take_long(tag: bytes) -> None:
    since = time.perf_counter()
    for page in (tag * 5_000, tag * (LONGEST_ARTICLE_BYTES // len(tag) - 10)):
        events_of(html.FORMAT, MemorySource("a.html", b"<p>hi" + page))
    assert time.perf_counter() - since < 2


def test_a_beginning_of_nothing_but_comments_should_not_take_long() -> None:
    since = time.perf_counter()
    assert choose(MemorySource("a.xml", b"<!--" * 16_000).sample()) is None
    assert time.perf_counter() - since < 1


def test_a_chat_as_a_web_page_should_not_be_taken_for_an_article() -> None:
    page = b'<html><body><main class="messages"><article class="message sent"><p>hi</p></article></main></body></html>'
    assert choose(MemorySource("a.html", page).sample()) is None
