"""From lines to sessions: silences, turns, references, initiations, groups, languages."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.contacts import Contact
from training.conversations import Session, cut_sessions
from training.corpus import Conversation, CorpusChat, CorpusLine
from training.languages import language_of

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
GAP_S = 6 * 3600
MUM = Contact("Mum", "family", ("telegram:user1",))
BRAM = Contact("Bram", "friend", ("telegram:user2",))
KNOWN = {"telegram:user1": MUM, "telegram:user2": BRAM}


def line(line_id: str, at_ms: float, text: str = "", **more: Any) -> CorpusLine:
    """Ids tell who writes: `m1` the owner, `a1` Mum, `b1` Bram."""
    sender = {"m": "telegram:me", "a": "telegram:user1", "b": "telegram:user2", "s": "telegram:user3"}[line_id[0]]
    author = "owner" if line_id[0] == "m" else "contact"
    return CorpusLine(line_id, author, text or line_id, round(at_ms), sender=sender, **more)  # type: ignore[arg-type]


def chat(*lines: CorpusLine, kind: str = "personal") -> list[Session]:
    contact = "telegram:user1" if kind == "personal" else ""
    place = CorpusChat(contact or "telegram:g7", kind, "a chat", contact)  # type: ignore[arg-type]
    return cut_sessions(Conversation(place, lines), KNOWN, GAP_S)


def ids(sessions: list[Session]) -> list[str]:
    return [" ".join(one.line_id for one in session.lines) for session in sessions]


def test_should_know_a_contact_by_any_of_his_ids() -> None:
    (found,) = chat(line("a1", 0), line("m1", 1))
    assert (found.contact_name, found.contact_type, found.chat_key) == ("Mum", "family", "telegram:user1")


def test_should_name_one_person_alike_wherever_he_writes_and_a_stranger_by_what_is_known() -> None:
    """By the first id of a contact; else by his own; of a group where nobody is addressed, by the group's."""
    known = Contact("Mum", "family", ("whatsapp:7", "telegram:user1"))
    place = CorpusChat("telegram:c1", "personal", "a chat", "telegram:user1")
    lines = (line("a1", 0), line("m1", 1))
    contacts = dict.fromkeys(known.ids, known)
    assert [one.contact_id for one in cut_sessions(Conversation(place, lines), contacts, GAP_S)] == ["whatsapp:7"]
    assert [one.contact_id for one in cut_sessions(Conversation(place, lines), {}, GAP_S)] == ["telegram:user1"]
    said = (line("a1", 0), line("m1", 1, reply_to="a1"), line("s1", 2), line("m2", 3, to="telegram:user3"))
    alone = line("m3", 9 * HOUR_MS)
    assert [one.contact_id for one in chat(*said, alone, kind="group")] == [
        "telegram:user1",
        "telegram:user3",
        "telegram:g7",
    ]


def test_should_begin_anew_where_the_owner_writes_first_after_a_silence() -> None:
    found = chat(
        line("a1", 0), line("m1", 1), line("m2", 5 * MINUTE_MS), line("m3", 3 * HOUR_MS), line("a2", 4 * HOUR_MS)
    )
    assert ids(found) == ["a1 m1 m2", "m3 a2"]


def test_should_keep_what_a_contact_says_again_in_one_turn_to_answer() -> None:
    assert ids(chat(line("a1", 0), line("a2", 3 * HOUR_MS), line("m1", 4 * HOUR_MS))) == ["a1 a2 m1"]


def test_should_pair_a_reply_with_the_older_line_it_names() -> None:
    found = chat(
        line("a1", 0),
        line("m1", 1),
        line("a2", 2),
        line("m2", 3, reply_to="a1"),
        line("m3", 4),
        line("a3", 5),
        line("m4", 6),
    )
    assert ids(found) == ["a1 m1 a2 a3 m4", "a1 m2 m3"]


def test_should_pair_it_over_a_long_silence_too() -> None:
    assert ids(chat(line("a1", 0), line("m1", 9 * HOUR_MS, reply_to="a1"))) == ["a1 m1"]


@pytest.mark.parametrize("reply_to", ["a2", "a3", "gone", "m1"])
def test_should_leave_a_reply_where_it_stands_when_it_names_what_it_follows(reply_to: str) -> None:
    found = chat(line("a1", 0), line("m1", 1), line("a2", 2), line("a3", 3), line("m2", 4, reply_to=reply_to))
    assert ids(found) == ["a1 m1 a2 a3 m2"]


def test_should_take_from_a_group_what_the_owner_said_and_to_whom() -> None:
    found = chat(
        line("a1", 0),
        line("b1", 1000),
        line("m1", 2000, reply_to="a1"),
        line("m2", 3000),
        line("b2", 4000),
        line("a2", 5000),
        line("m3", 6000, to="telegram:user2"),
        line("s1", 7000),
        line("m4", 8000),
        kind="group",
    )
    assert ids(found) == ["a1 m1 m2", "b2 m3", "s1 m4"]
    assert [(one.contact_name, one.contact_type) for one in found] == [("Mum", "family"), ("Bram", "friend"), ("", "")]


def test_should_not_answer_what_was_said_in_a_group_long_ago() -> None:
    found = chat(line("a1", 0), line("m1", 2 * HOUR_MS), line("m2", 4 * HOUR_MS, to="telegram:user1"), kind="group")
    assert ids(found) == ["m1", "m2"]
    assert [one.contact_type for one in found] == ["", "family"]


@settings(max_examples=60, deadline=None)  # the first asks for a language, which loads a model
@given(
    st.lists(st.tuples(st.sampled_from("mabs"), st.integers(0, 4 * HOUR_MS), st.integers(-1, 30)), max_size=40),
    st.sampled_from(["personal", "group"]),
)
def test_should_say_every_word_of_the_owner_exactly_once(said: list[tuple[str, int, int]], kind: str) -> None:
    at_ms = 0
    lines: list[CorpusLine] = []
    for number, (who, wait_ms, answers) in enumerate(said):
        at_ms += wait_ms
        target = lines[answers].line_id if 0 <= answers < len(lines) else ""
        lines.append(line(f"{who}{number}", at_ms, reply_to=target))
    found = chat(*lines, kind=kind)
    mine = [one.line_id for session in found for one in session.lines if one.author == "owner"]
    assert sorted(mine) == sorted(one.line_id for one in lines if one.author == "owner")
    assert all(session.replies for session in found)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("are you coming to the station tonight, or shall I wait at home?", "en"),
        ("kom je vanavond nog langs of niet, ik ben al thuis", "nl"),
        ("我们明天几点见面？", "zh"),
        ("今天 meeting 几点开始", "zh"),
        ("明日の朝は何時に会いますか", "ja"),
        ("내일 몇 시에 만날까요", "ko"),
        ("привет, ты придешь сегодня вечером к нам?", "ru"),
        ("ok", ""),
        ("12:30 😀", ""),
        ("", ""),
    ],
)
def test_should_tell_a_language_by_its_script_first(text: str, language: str) -> None:
    assert language_of(text) == language


def test_should_take_a_short_session_for_the_language_of_its_chat() -> None:
    long = "are you coming to the station tonight, or shall I wait at home?"
    found = chat(line("a1", 0, long), line("m1", 1, "ok"), line("m2", 9 * HOUR_MS, "lol"))
    assert [one.language for one in found] == ["en", "en"]
