"""The corpus file: order, doubles, exclusion, damage; and who is who, beside it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import Contact, read_contacts, read_excluded, set_type, write_contacts
from training.corpus import Corpus, CorpusArticle, CorpusChat, CorpusLine, read_articles, read_conversations
from training.old_corpus import remove_old_corpus

from .raw_homes import new_home

MUM = CorpusChat("telegram:user1", "personal", "Mum", "telegram:user1")
GROUP = CorpusChat("telegram:-5", "group", "Friends")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path)


@pytest.fixture
def corpus(home: Home) -> Iterator[Corpus]:
    with Corpus.open(home) as corpus:
        yield corpus


def said(seq: int, at_ms: int, sender: str = "telegram:user1", to: str = "") -> CorpusLine:
    return CorpusLine(f"l{seq}", "contact", f"text {seq}", at_ms, sender=sender, to=to, seq=seq)


def test_should_give_lines_in_the_order_of_time_however_they_were_put(corpus: Corpus, home: Home) -> None:
    corpus.put_chat(MUM)
    corpus.put_lines(MUM.key, [said(3, 30), said(1, 10), said(4, 20), said(5, 20)])
    corpus.put_lines(MUM.key, [said(1, 10)])
    assert [line.seq for line in corpus.lines(MUM.key)] == [1, 4, 5, 3]
    assert read_conversations(home)[0].chat == MUM


def _put_and_fail(corpus: Corpus) -> None:
    corpus.put_chat(MUM)
    raise KeyError


def test_should_take_all_of_a_transaction_or_nothing(corpus: Corpus) -> None:
    with pytest.raises(KeyError), corpus.transaction():
        _put_and_fail(corpus)
    assert corpus.chats() == []


def test_should_leave_out_what_was_set_aside_until_it_is_taken_back(corpus: Corpus) -> None:
    corpus.put_chat(MUM)
    corpus.put_lines(MUM.key, [said(1, 10), said(2, 20)])
    corpus.set_aside(MUM.key, "chain", [(20, 2)])
    assert [line.seq for line in corpus.lines(MUM.key)] == [1]
    assert [line.seq for _, line in corpus.long_lines(1)] == [1, 2]
    corpus.take_back()
    assert [line.seq for line in corpus.lines(MUM.key)] == [1, 2]


def test_who_asked_to_be_forgotten_should_be_read_under_no_id(corpus: Corpus, home: Home) -> None:
    corpus.put_chat(MUM)
    corpus.put_lines(MUM.key, [said(1, 10)])
    corpus.put_chat(GROUP)
    lines = [said(2, 20), said(3, 30, "telegram:user2"), said(4, 40, "telegram:me", to="telegram:user1")]
    corpus.put_lines(GROUP.key, lines)
    write_contacts(home, [Contact("Mum", "family", ("telegram:user1", "discord:7"))])
    home.excluded_file.write_text('{"senders": ["discord:7"]}')
    (left,) = read_conversations(home)
    assert [line.seq for line in left.lines] == [3]
    home.excluded_file.write_text("{")
    with pytest.raises(CorpusError, match=r"excluded\.json is damaged"):
        read_excluded(home)


def test_should_keep_counts_and_marks_by_stage_and_name(corpus: Corpus) -> None:
    corpus.put_counts("scrub", {("", "email"): 2})
    corpus.put_counts("scrub", {("", "phone"): 1})
    corpus.put_mark("chat a_b%", "7 me")
    corpus.put_mark("chat aXb", "8 me")
    corpus.put_mark("rules", "x")
    assert corpus.counts("scrub") == {("", "phone"): 1}
    assert corpus.marks("chat a_") == {"b%": "7 me"}
    assert (corpus.mark("rules"), corpus.mark("none")) == ("x", "")


def test_should_leave_no_byte_of_what_was_cleared(corpus: Corpus, home: Home) -> None:
    corpus.put_chat(MUM)
    corpus.put_lines(MUM.key, [CorpusLine("1", "contact", "zebra " * 500, 1)])
    corpus.put_article(CorpusArticle("soup", "Soup", "okapi"))
    with corpus.transaction():
        corpus.clear()
    corpus.wipe()
    held = b"".join(path.read_bytes() for path in home.corpus_dir.iterdir())
    assert b"zebra" not in held
    assert b"okapi" not in held
    assert (read_conversations(home), read_articles(home)) == ([], [])


def test_should_keep_the_corpus_to_the_owner_alone(corpus: Corpus, home: Home) -> None:
    corpus.put_chat(MUM)
    write_contacts(home, [])
    files = [*home.corpus_dir.iterdir(), home.contacts_file]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_should_name_the_file_when_the_corpus_is_damaged(home: Home) -> None:
    home.corpus_file.write_bytes(b"SQLite format 3\0" + b"nonsense" * 500)
    with pytest.raises(CorpusError, match=r"corpus\.sqlite3 is damaged"):
        read_conversations(home)


def test_should_ask_for_the_exports_again_where_an_older_corpus_lies(home: Home) -> None:
    assert read_conversations(home) == []
    (home.corpus_dir / "telegram_user1.jsonl").write_text("{}")
    (home.corpus_dir / "articles").mkdir()
    (home.corpus_dir / "articles" / "soup.md").write_text("Soup")
    for read in (read_conversations, read_articles):
        with pytest.raises(CorpusError, match="import your exports again"):
            read(home)
    remove_old_corpus(home)
    assert list(home.corpus_dir.iterdir()) == []


def test_should_close_what_it_opened(home: Home) -> None:
    with Corpus.open(home) as corpus:
        pass
    with pytest.raises(sqlite3.ProgrammingError):
        corpus.chats()


def test_should_ask_for_an_id_where_names_repeat() -> None:
    twins = [Contact("Mum", "", ("telegram:user1",)), Contact("Mum", "", ("telegram:user2",))]
    with pytest.raises(CorpusError, match="name one by its id: telegram:user1, telegram:user2"):
        set_type(twins, "Mum", "family")
    assert [contact.type for contact in set_type(twins, "telegram:user2", "family")] == ["", "family"]


@pytest.mark.parametrize("wrong", ["core", "articles", "Family", "../x", ""])
def test_should_refuse_a_type_that_cannot_name_a_facet(wrong: str) -> None:
    with pytest.raises(CorpusError, match="cannot name a contact type"):
        set_type([Contact("Mum")], "Mum", wrong)


def test_should_read_contacts_as_they_were_written(home: Home) -> None:
    assert read_contacts(home) == []
    write_contacts(home, [Contact("Mum", "family", ("telegram:user1",))])
    assert read_contacts(home) == [Contact("Mum", "family", ("telegram:user1",))]
