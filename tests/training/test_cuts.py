"""What the owner cut reaches no later stage, under no id of his contact, until he takes it back."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from model_server.errors import CorpusError
from model_server.home import Home
from model_server.rhythm import EVERYBODY
from training.articles.dialogue import articles_slice
from training.cli import app
from training.config import TrainingConfig
from training.contacts import Contact, write_contacts
from training.corpus import Corpus, CorpusArticle, CorpusChat, CorpusLine, read_articles, read_conversations
from training.cuts import Cut, cut_days, days_of, find_what, keeps, read_cuts, under_every_id, write_cuts
from training.forgetting import find_leaving, forget
from training.importers.base import Article, ChatHead, Event, Person, RawLine
from training.people.proposals import read_proposals
from training.pipeline import read_split
from training.report.page import read_figures
from training.rhythm import measure_rhythms
from training.scrub.config import ScrubConfig
from training.scrubbing import scrub_all

from .raw_homes import ME, fill, new_home

ZONE = ZoneInfo("Asia/Tokyo")
MUM, MUM_ELSEWHERE, BRAM = "telegram:user1", "discord:7", "telegram:user2"
GROUP = "telegram:-5"
DAY_MS = 86_400_000


def ms(said: str) -> int:
    return int(datetime.fromisoformat(said).replace(tzinfo=ZONE).timestamp() * 1000)


def said(chat: str, contact: str, day: str, word: str, count: int) -> list[Event]:
    """A personal chat on one day: question, answer and a second bubble, ten seconds apart, over and over."""
    lines: list[Event] = []
    for at in range(count):
        who = contact if at % 3 == 0 else ME
        lines.append(RawLine(f"{day}{at}", who, f"{word} {at}, mama", ms(day) + at * 10_000))
    return [ChatHead(chat, "personal", word, contact, ME), Person(contact, word), *lines]


EXPORT: list[Event] = [
    *said(MUM, MUM, "2018-05-01 20:00", "zebra", 90),
    *said(MUM, MUM, "2020-05-01 20:00", "giraffe", 90),
    *said("discord:dm7", MUM_ELSEWHERE, "2021-05-01 20:00", "okapi", 9),
    *said(BRAM, BRAM, "2021-05-01 21:00", "ferret", 90),
    ChatHead(GROUP, "group", "The Band", "", ME),
    RawLine("1", MUM, "walrus", ms("2020-05-01 10:00")),
    RawLine("2", ME, "badger for her", ms("2020-05-01 10:01"), reply_to="1"),
    RawLine("3", BRAM, "otter", ms("2020-05-01 10:02")),
    RawLine("4", ME, "otters", ms("2020-05-01 10:03"), reply_to="3"),
    Article("old", "Soup", "I have made this soup for years, and it was always a good one.", ms("2018-03-01 10:00")),
    Article("undated", "Salt", "There is never enough of it in the soup, whatever they say.", 0),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Mum, who is one contact on two platforms, Bram, and a group of both."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('[owner]\ntimezone = "Asia/Tokyo"\n')
    home = new_home(tmp_path)
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    monkeypatch.delenv("SELFSAME_CONFIG", raising=False)
    fill(home, EXPORT)
    write_contacts(home, [Contact("Mum", "family", (MUM, MUM_ELSEWHERE)), Contact("Bram", "friend", (BRAM,))])
    scrub_all(home, ScrubConfig())
    home.proposals_file.write_text("{}")
    return home


def run(*args: str) -> Any:
    return json.loads(CliRunner().invoke(app, ["corpus", *args, "--json"], catch_exceptions=False).stdout)


def seen(home: Home) -> dict[str, set[str]]:
    """The first words of the lines that a later stage may read, by chat."""
    return {chat.chat.key: {line.text.split()[0] for line in chat.lines} for chat in read_conversations(home)}


def test_a_cut_line_should_reach_no_later_stage(home: Home) -> None:
    def reached() -> tuple[set[str], int, set[str], tuple[int, int]]:
        split = read_split(home, TrainingConfig())
        sessions = (*split.train, *split.validation, *split.held_out)
        words = {line.text.split()[0] for session in sessions for line in session.lines}
        replies = measure_rhythms(sessions).types[EVERYBODY].replies
        figures = read_figures(home, ZONE)
        shown = {word.word for one in figures.types for word in one.words}
        mum = next((one for one in read_proposals(home).types if one.contact == MUM), None)
        return words, replies, shown & {"zebra", "giraffe"}, (figures.lines, mum.lines + mum.replies if mum else 0)

    run("cut", "Bram", "--from", "1999-01-01", "--to", "1999-01-01")  # leaves out nothing, and proposes anew
    words, replies, shown, (lines, proposed) = reached()
    assert {"zebra", "giraffe"} <= words
    assert (shown, proposed) == ({"zebra", "giraffe"}, 189)
    assert run("cut", "mum", "--before", "2020-05-01")["lines"] == 90
    words_left, replies_left, shown_left, (lines_left, proposed_left) = reached()
    assert words_left == words - {"zebra"}
    assert replies_left == replies - 30
    assert shown_left == {"giraffe"}
    assert lines_left == lines - 90
    assert proposed_left == 99
    assert [(one.what, one.count) for one in read_figures(home, ZONE).set_aside if one.stage == "cut"] == [("line", 90)]


def test_a_contact_should_be_cut_everywhere_and_under_every_id(home: Home) -> None:
    whole = seen(home)
    assert run("cut", MUM_ELSEWHERE)["lines"] == 191
    assert seen(home) == {BRAM: {"ferret"}, GROUP: {"otter", "otters"}}
    with Corpus.open(home) as corpus:
        assert [chat.key for chat in corpus.chats()] == [GROUP, BRAM]
        assert list(corpus.lines(MUM)) == []
        assert corpus.group_speakers() == {GROUP: {BRAM, ME}}
    assert run("uncut", "1")["name"] == "Mum"
    assert seen(home) == whole
    assert not read_cuts(home)


def test_a_group_or_a_span_of_everything_should_be_cut_by_itself(home: Home) -> None:
    assert run("cut", "the band")["what"] == GROUP
    assert seen(home).keys() == {MUM, "discord:dm7", BRAM}
    old = run("cut", "--to", "2018-12-31")
    assert (old["name"], old["first"], old["last"], old["lines"]) == ("everything", "", "2018-12-31", 90)
    assert seen(home)[MUM] == {"giraffe"}
    assert [one.key for one in read_articles(home)] == ["undated"]
    articles = articles_slice(home, 0)
    assert articles is not None
    assert [session.chat_key for session in articles.train] == ["articles:undated"]
    listed = run("cuts")
    assert [one["lines"] for one in listed["cuts"]] == [4, 90]
    assert (listed["lines"], listed["articles"]) == (94, 1)
    assert scrub_all(home, ScrubConfig()).articles == 0  # what is cut is there still


def test_a_group_that_is_cut_should_be_no_evidence_of_anybody(home: Home) -> None:
    team, kim = "telegram:-6", "telegram:user6"
    fill(home, [ChatHead(team, "group", "Design team", "", ME), RawLine("9", kim, "hm", ms("2021-01-01"))], "team.json")
    write_contacts(home, [Contact("Kim", "", (kim,))])
    scrub_all(home, ScrubConfig())

    def proposed() -> list[tuple[str, tuple[str, ...]]]:
        return [(one.type, one.evidence) for one in read_proposals(home).types]

    run("cut", "Kim", "--before", "2021-01-01")
    assert proposed() == [("colleague", ("writes in the group 'Design team'",))]
    for named in (["design team"], ["Kim"], ["--from", "2021-01-01"]):
        run("cut", *named)
        assert proposed() == [("", ())]
        run("uncut", "2")
        assert proposed()[0][0] == "colleague"


def test_cutting_twice_should_be_cutting_once(home: Home) -> None:
    assert run("cut", "Mum", "--from", "2000-01-01") == run("cut", "Mum", "--from", "2000-01-01")
    assert len(read_cuts(home)) == 1
    with pytest.raises(CorpusError, match="no cut 2"):
        run("uncut", "2")


def test_forgetting_a_contact_should_leave_no_id_in_the_cuts(home: Home) -> None:
    for named in (MUM_ELSEWHERE, "discord:dm7", "Bram"):
        run("cut", named)
    assert b"dm7" in home.cuts_file.read_bytes()
    forget(home, find_leaving(home, "Mum"), ScrubConfig())
    assert [cut.what for cut in read_cuts(home)] == [BRAM]
    forget(home, find_leaving(home, "Bram"), ScrubConfig())
    assert not home.cuts_file.exists()


def test_days_should_be_the_owners() -> None:
    cut = cut_days("", "2020-01-01", "2020-12-31", "", ZONE)
    assert (cut.from_ms, cut.to_ms) == (ms("2020-01-01"), ms("2021-01-01"))
    assert days_of(cut, ZONE) == ("2020-01-01", "2020-12-31")
    new_york = ZoneInfo("America/New_York")
    short = cut_days("", "2021-03-14", "2021-03-14", "", new_york)  # the clocks go forward
    assert (short.from_ms, short.to_ms) == (1_615_698_000_000, 1_615_698_000_000 + 23 * 3_600_000)
    assert cut_days("x", "", "", "2019-01-01", ZONE) == Cut("x", None, ms("2019-01-01"))


@pytest.mark.parametrize(
    ("first", "last", "before", "what"),
    [
        ("2020-13-01", "", "", "is no day"),
        ("", "9999-12-31", "", "is no day"),
        ("2020-01-02", "2020-01-01", "", "ends before it begins"),
        ("2020-01-02", "", "2020-01-02", "ends before it begins"),
        ("", "2020-01-01", "2020-01-02", "say the same"),
        ("", "", "", "leave nothing"),
    ],
)
def test_should_refuse_what_is_no_span(first: str, last: str, before: str, what: str) -> None:
    with pytest.raises(CorpusError, match=what):
        cut_days("", first, last, before, ZONE)


def test_should_find_one_contact_or_group_or_say_which_there_are() -> None:
    contacts = [Contact("Mum", "", (MUM, MUM_ELSEWHERE)), Contact("Band", "", (BRAM,))]
    chats = [CorpusChat(GROUP, "group", "Band"), CorpusChat("discord:dm7", "personal", "ruthie", MUM_ELSEWHERE)]
    found = [find_what(named, contacts, chats) for named in ("mum", MUM_ELSEWHERE, "discord:dm7", GROUP)]
    assert found == [MUM, MUM, "discord:dm7", GROUP]
    with pytest.raises(CorpusError, match="2 are called 'band'") as refused:
        find_what("band", contacts, chats)
    assert f"{BRAM}, {GROUP}" in refused.value.hint
    with pytest.raises(CorpusError, match="no contact and no group is called"):
        find_what("nobody", contacts, chats)


@pytest.mark.parametrize("wrong", ["{", '{"cuts": [{"form_ms": 3}]}', '{"cuts": [{"what": "", "to_ms": 1e99}]}'])
def test_should_read_nothing_when_it_cannot_be_known_what_is_cut(home: Home, wrong: str) -> None:
    home.cuts_file.write_text(wrong)
    with pytest.raises(CorpusError, match=r"cuts\.json is damaged"):
        read_conversations(home)


people = st.sampled_from(["", "p:1", "p:2", "p:me"])
moments = st.integers(0, 6)
chats = st.tuples(st.sampled_from(["personal", "group"]), people)
lines = st.lists(st.tuples(moments, people, people), max_size=8)
cuts = st.builds(Cut, st.sampled_from(["", "p:1", "p:2", "c:0", "c:1"]), st.none() | moments, st.none() | moments)


@given(st.lists(st.tuples(chats, lines), max_size=2), st.lists(cuts, max_size=3), st.frozensets(people, max_size=1))
@settings(max_examples=40, deadline=None)
def test_the_database_should_give_what_the_cuts_keep(
    tmp_path_factory: pytest.TempPathFactory,
    spoken: list[tuple[tuple[str, str], list[tuple[int, str, str]]]],
    made: list[Cut],
    excluded: frozenset[str],
) -> None:
    home = new_home(tmp_path_factory.mktemp("cuts"))
    contacts = [Contact("One", "", ("p:1", "c:0"))]
    write_contacts(home, contacts)
    put: list[tuple[CorpusChat, CorpusLine]] = []
    with Corpus.open(home) as corpus:
        for number, ((kind, contact), found) in enumerate(spoken):
            chat = CorpusChat(f"c:{number}", kind, "", contact if kind == "personal" else "")  # type: ignore[arg-type]
            corpus.put_chat(chat)
            for at_ms, sender, to in found:
                seq = len(put)
                put.append((chat, CorpusLine(f"{seq}", "contact", "x", at_ms, sender, to=to, seq=seq)))
            corpus.put_lines(chat.key, [line for one, line in put if one is chat])
        corpus.put_article(CorpusArticle("a", "", "", 3))
    write_cuts(home, made)
    home.excluded_file.write_text(json.dumps({"senders": sorted(excluded - {""})}))
    each = [under_every_id(cut, contacts) for cut in read_cuts(home)]
    gone = [one for who in excluded - {""} for one in under_every_id(Cut(who), contacts)]
    left = [(chat, line) for chat, line in put if keeps(gone, chat, line)]
    with Corpus.open(home) as corpus:
        read = {line.seq for chat in corpus.chats() for line in corpus.lines(chat.key)}
        counts = corpus.count_cut()
    assert read == {line.seq for chat, line in left if all(keeps(cut, chat, line) for cut in each)}
    assert counts.each == tuple(sum(not keeps(cut, chat, line) for chat, line in left) for cut in each)
    assert counts.lines == len(left) - len(read)
    assert counts.articles == any(not cut.what and cut.holds(3) for cut in made)
