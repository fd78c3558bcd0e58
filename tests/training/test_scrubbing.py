"""The scrub stage: the corpus is what raw holds, scrubbed; it grows, resumes, and is written anew when rules change."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from model_server.errors import CorpusError
from model_server.home import Home
from training import scrub_pool
from training.contacts import Contact, write_contacts
from training.corpus import Corpus, CorpusArticle, CorpusLine, read_articles, read_conversations
from training.explaining import explain_lines, explain_text
from training.importers.base import Article, ChatHead, Event, RawLine
from training.raw.intake import BATCH_EVENTS, begin_file, take_file
from training.raw.removal import discard_begun
from training.raw.store import RawStore
from training.scrub.config import ScrubConfig
from training.scrub.findings import Scrubbed
from training.scrub.scrubber import Scrubber
from training.scrubbing import scrub_all

from .raw_homes import ME, fill, new_home, talk

PLAIN = ScrubConfig()
MUM = "telegram:user1"
MAIL = "write to jane@example.com"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path)


def lines(home: Home, chat_key: str = MUM) -> list[CorpusLine]:
    with Corpus.open(home) as corpus:
        return list(corpus.lines(chat_key))


def texts(home: Home, chat_key: str = MUM) -> list[str]:
    return [line.text for line in lines(home, chat_key)]


def test_should_take_out_of_both_sides_and_tell_who_is_who(home: Home) -> None:
    fill(home, talk(MUM, "Mum", MAIL, "or to jane@example.com", "ok"))
    report = scrub_all(home, PLAIN)
    said = lines(home)
    assert [line.author for line in said] == ["contact", "owner", "contact"]
    assert "jane" not in " ".join(line.text for line in said)
    assert said[0].text.split()[-2:] == said[1].text.split()[-2:]  # the same value, the same placeholder
    assert (report.lines, report.changed, report.kinds, report.samples) == (3, 2, {"email": 2}, {"email": ["j…@e…"]})


def test_should_scrub_only_what_is_new(home: Home) -> None:
    fill(home, talk(MUM, "Mum", MAIL, "ok"))
    scrub_all(home, PLAIN)
    assert scrub_all(home, PLAIN).lines == 0
    fill(home, [*talk(MUM, "Mum", MAIL, "ok", "jane@example.com"), *talk("telegram:user2", "Bram", "hi")], "later")
    report = scrub_all(home, PLAIN)
    assert (report.lines, report.anew, report.kinds["email"]) == (2, False, 2)
    assert len(texts(home)) == 3


def test_should_write_the_corpus_anew_when_the_rules_change(home: Home) -> None:
    fill(home, talk(MUM, "Mum", MAIL, "the zebra is late"))
    scrub_all(home, PLAIN)
    report = scrub_all(home, ScrubConfig(block=("zebra",), keep=("email",)))
    assert (report.lines, report.anew, report.kinds) == (2, True, {"private": 1})
    assert texts(home)[0] == MAIL
    assert "zebra" not in texts(home)[1]


def test_should_replace_names_by_policy_and_notice_a_new_one(home: Home) -> None:
    fill(home, talk(MUM, "Annelies Quist", "hello", "tell Annelies and Torvald"))
    scrub_all(home, ScrubConfig(names="replace"))
    assert "Annelies" not in texts(home)[1]
    assert "Torvald" in texts(home)[1]
    write_contacts(home, [Contact("Torvald Quist", "", ("telegram:user7",))])
    assert scrub_all(home, ScrubConfig(names="replace")).anew
    assert "Torvald" not in texts(home)[1]


def test_should_leave_out_a_chat_until_its_owner_is_known_and_follow_when_he_is_another(home: Home) -> None:
    fill(home, talk(MUM, "Mum", "a", "b"), me={})
    assert (scrub_all(home, PLAIN).undecided, texts(home)) == (1, [])
    with RawStore.open(home) as store:
        store.remember_me({MUM: ME})
    scrub_all(home, PLAIN)
    assert [line.author for line in lines(home)] == ["contact", "owner"]
    with RawStore.open(home) as store:
        store.remember_me({MUM: MUM})
    assert scrub_all(home, PLAIN).lines == 2
    assert [line.author for line in lines(home)] == ["owner", "contact"]


def test_should_write_anew_only_the_chats_in_which_the_owner_has_another_id_too(home: Home) -> None:
    fill(home, [*talk(MUM, "Mum", MAIL, "ok"), RawLine("3", "telegram:old", "also me, from jane@example.com", 10**6)])
    fill(home, talk("telegram:user2", "Bram", "hi", MAIL), "later")
    assert scrub_all(home, PLAIN).kinds == {"email": 3}
    with RawStore.open(home) as store:
        store.remember_me({chat.key: ME for chat in store.chats()}, ["telegram:old"])
    report = scrub_all(home, PLAIN)
    assert (report.lines, report.anew, report.kinds) == (3, False, {"email": 3})
    assert [line.author for line in lines(home)] == ["contact", "owner", "owner"]
    assert scrub_all(home, PLAIN).lines == 0


def test_should_leave_out_a_file_until_it_is_read_to_its_end(home: Home) -> None:
    fill(home, talk(MUM, "Mum", "a", "b"))
    with RawStore.open(home) as store:
        file = begin_file(store, "begun", "begun.json", "telegram-desktop", "")

        def killed() -> Iterator[Event]:
            yield from talk(MUM, "Mum", *["x"] * BATCH_EVENTS, start_ms=10**9, first=3)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            take_file(store, file, killed())
        assert store.line_count() > 2
    assert scrub_all(home, PLAIN).lines == 2
    with RawStore.open(home) as store:
        discard_begun(store)
    assert scrub_all(home, PLAIN).lines == 0
    assert texts(home) == ["a", "b"]


def test_should_let_nobody_read_a_corpus_that_is_not_whole(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home, talk(MUM, "Mum", "a", "b"))

    class Killed(Exception): ...

    def kill(*_: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        scrub_all(home, PLAIN, kill)
    with pytest.raises(CorpusError, match="not whole"):
        read_conversations(home)
    scrub_all(home, PLAIN)
    assert len(read_conversations(home)) == 1


def test_should_let_nobody_read_while_new_articles_are_on_their_way(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(home, [Article("soup", "Soup", "Soup is a drink."), *talk(MUM, "Mum", "a", "b")])
    scrub_all(home, PLAIN)
    fill(home, [Article("bread", "Bread", "Bread is no drink."), Article("tea", "Tea", "Tea is.")], "later")
    put = Corpus.put_article

    def killed(corpus: Corpus, article: CorpusArticle) -> None:
        if article.key == "tea":
            raise KeyboardInterrupt
        put(corpus, article)

    with monkeypatch.context() as patched:
        patched.setattr(Corpus, "put_article", killed)
        with pytest.raises(KeyboardInterrupt):
            scrub_all(home, PLAIN)
    with pytest.raises(CorpusError, match="not whole"):
        read_articles(home)
    scrub_all(home, PLAIN)
    assert [article.key for article in read_articles(home)] == ["bread", "soup", "tea"]


def test_should_go_on_where_a_kill_left_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.scrubbing.BUNDLE_LINES", 10)
    fill(home, talk(MUM, "Mum", *[f"line {at} of jane{at}@example.com" for at in range(95)]))

    class Killed(Exception): ...

    def kill(_stage: str, done: int, total: int) -> None:
        assert total == 95
        if done == 40:
            raise Killed

    with pytest.raises(Killed):
        scrub_all(home, PLAIN, kill)
    assert len(texts(home)) == 40
    report = scrub_all(home, PLAIN)
    assert (report.lines, report.kinds["email"]) == (55, 95)
    assert [line.line_id for line in lines(home)] == [str(at) for at in range(1, 96)]


def test_should_say_the_same_on_every_core(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = talk(MUM, "Mum", *[f"mail jane{at % 7}@example.com, line {at}" for at in range(60)])
    fill(home, events)
    scrub_all(home, PLAIN)
    alone = lines(home)
    other = Home(tmp_path / "other").create()
    (other.raw_dir / "key").write_bytes((home.raw_dir / "key").read_bytes())
    fill(other, events)
    monkeypatch.setattr("training.scrubbing.BUNDLE_LINES", 7)
    monkeypatch.setattr(scrub_pool, "FEW_LINES", 0)
    assert scrub_all(other, PLAIN).kinds == {"email": 60}
    assert lines(other) == alone


def test_should_look_at_the_line_before_also_across_batches(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []
    real = Scrubber.scrub

    def scrub(self: Scrubber, text: str, before: str = "") -> Scrubbed:
        seen.append((before, text))
        return real(self, text, before)

    monkeypatch.setattr(Scrubber, "scrub", scrub)
    monkeypatch.setattr("training.scrubbing.BUNDLE_LINES", 2)
    fill(home, talk(MUM, "Mum", "a", "b", "c"))
    scrub_all(home, PLAIN)
    fill(home, talk(MUM, "Mum", "d", start_ms=10**6, first=4), "later")
    scrub_all(home, PLAIN)
    assert seen == [("", "a"), ("a", "b"), ("b", "c"), ("c", "d")]


def test_should_address_an_answer_in_a_group_to_whom_it_answers(home: Home) -> None:
    group: list[Event] = [
        ChatHead("telegram:-7", "group", "Friends", "", ME),
        RawLine("1", MUM, "who comes?", 1000),
        RawLine("2", ME, "me", 2000, reply_to="1"),
        RawLine("3", ME, "you too", 3000, to="telegram:user2"),
    ]
    fill(home, group)
    scrub_all(home, PLAIN)
    assert [line.to for line in lines(home, "telegram:-7")] == ["", MUM, "telegram:user2"]
    home.excluded_file.write_bytes(msgspec.json.encode({"senders": ["telegram:user2", MUM]}))
    assert lines(home, "telegram:-7") == []


def test_should_find_the_contact_of_a_chat_that_does_not_name_him(home: Home) -> None:
    said = [RawLine("1", "whatsapp:Mum", "hi", 1), RawLine("2", "whatsapp:Me", "hi", 2)]
    fill(home, [ChatHead("whatsapp:chat", "personal", "x"), *said], me={"whatsapp:chat": "whatsapp:Me"})
    scrub_all(home, PLAIN)
    assert [chat.chat.contact for chat in read_conversations(home)] == ["whatsapp:Mum"]


def test_should_scrub_articles_too_and_count_what_was_set_aside(home: Home) -> None:
    fill(home, [Article("soup", "Soup by jane@example.com", f"Soup is a drink.\n\n{MAIL}")])
    report = scrub_all(home, PLAIN)
    (article,) = read_articles(home)
    assert (report.articles, report.kinds) == (1, {"email": 2})
    assert "jane" not in article.title + article.markdown
    assert scrub_all(home, PLAIN).articles == 0


def test_should_scrub_an_article_alone_when_its_words_have_changed(home: Home) -> None:
    fill(home, [Article("soup", "Soup", MAIL), Article("bread", "Bread", MAIL), *talk(MUM, "Mum", "a", "b")])
    scrub_all(home, PLAIN)
    fill(home, [Article("soup", "Soup", "Soup is a meal.")], "later")
    report = scrub_all(home, PLAIN)
    assert (report.lines, report.articles, report.anew, report.kinds) == (0, 1, False, {"email": 1})
    assert [article.markdown for article in read_articles(home)][1] == "Soup is a meal."


def test_should_set_repeats_aside_also_after_a_kill(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "The bread on the corner is now sold by a man with a moustache, and he gives one to every child."
    fill(home, talk(MUM, "Mum", long, "ok", long))

    class Killed(Exception): ...

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("training.scrubbing.drop_repeats", kill)
        with pytest.raises(Killed):
            scrub_all(home, PLAIN)
    assert scrub_all(home, PLAIN).dropped == {"near_duplicate": 1}
    assert texts(home) == [long, "ok"]


def test_should_keep_raw_text_out_of_the_corpus_file(home: Home) -> None:
    fill(home, talk(MUM, "Mum", MAIL, "ok"))
    scrub_all(home, PLAIN)
    for path in home.corpus_dir.iterdir():
        assert b"jane" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
    with sqlite3.connect(home.corpus_file) as database:
        assert database.execute("SELECT count(*) FROM lines").fetchone() == (2,)


def test_should_show_a_line_before_and_after(home: Home) -> None:
    fill(home, talk(MUM, "Mum", "hello", *[f"line {at} of jane{at}@example.com" for at in range(30)]))
    found = list(explain_lines(home, PLAIN, 10))
    assert [one.before for one in found] == ["line 0 of jane0@example.com", "line 1 of jane1@example.com"]
    assert [one.before[finding.start : finding.end] for one in found for finding in one.findings] == [
        "jane0@example.com",
        "jane1@example.com",
    ]
    assert "jane" in explain_text(home, PLAIN, MAIL).before
    assert "jane" not in explain_text(home, PLAIN, MAIL).after
