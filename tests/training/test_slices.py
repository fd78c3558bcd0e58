"""Sessions, the split by time, the slices, and articles as dialogue."""

from hypothesis import given
from hypothesis import strategies as st

from model_server.contract import Line
from training.articles import to_dialogue
from training.corpus import Contact, Conversation
from training.slices import Session, Slice, all_sessions, choose_slices, count_replies, cut_sessions, split_by_time

HOUR_MS = 3_600_000


def conversation(*hours: float, key: str = "telegram:user1") -> Conversation:
    lines = tuple(
        Line(str(at), "owner" if at % 2 else "contact", f"line {at}", round(hour * HOUR_MS))
        for at, hour in enumerate(hours)
    )
    return Conversation(key, "Mum", lines)


def session(number: int, key: str = "a", contact_type: str = "family", replies: int = 1) -> Session:
    lines = tuple(Line(f"{at}", "owner" if at % 2 else "contact", "x", number * HOUR_MS) for at in range(2 * replies))
    return Session(key, key, contact_type, lines)


def test_should_end_a_session_at_a_long_silence_and_drop_those_without_the_owner() -> None:
    found = cut_sessions(conversation(0, 1, 7, 7.1, 13.1, 30), "family", 6 * 3600)
    assert [[line.line_id for line in one.lines] for one in found] == [["0", "1"], ["2", "3"], ["5"]]


def test_should_count_a_burst_as_one_reply() -> None:
    lines = [Line(str(at), who, "x", at) for at, who in enumerate(["contact", "owner", "owner", "contact", "owner"])]  # type: ignore[arg-type]
    assert Session("a", "a", "", tuple(lines)).replies == 2


def test_should_give_every_session_the_type_of_its_contact() -> None:
    found = all_sessions([conversation(0, 1), conversation(0, 1, key="k2")], [Contact("M", "family", ("k2",))], 3600)
    assert {one.chat_key: one.contact_type for one in found} == {"telegram:user1": "", "k2": "family"}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 500)), unique=True, max_size=60))
def test_should_hold_out_the_latest_sessions_of_a_contact_and_lose_none(placed: list[tuple[str, int]]) -> None:
    sessions = [session(number, key) for key, number in placed]
    split = split_by_time(sessions, held_out=0.15, validation=0.1)
    parts = (split.train, split.validation, split.held_out)
    assert sorted(id(one) for part in parts for one in part) == sorted(id(one) for one in sessions)
    for key in "abc":
        times = [[one.lines[0].at_ms for one in part if one.chat_key == key] for part in parts]
        if sum(map(len, times)) >= 7:
            assert len(times[2]) == round(0.15 * sum(map(len, times)))
            flat = [moment for part in times for moment in part]
            assert [sorted(part) for part in times] == times
            assert flat == sorted(flat)


def test_should_hold_out_some_contacts_of_a_type_whose_contacts_wrote_once() -> None:
    strangers = [session(number, f"stranger{number}", "stranger") for number in range(20)]
    split = split_by_time(strangers, held_out=0.15, validation=0.1)
    assert [one.chat_key for one in split.held_out] == ["stranger17", "stranger18", "stranger19"]
    assert len(split.validation) == 2


def test_should_make_core_of_everything_and_a_slice_of_each_type_with_enough_replies() -> None:
    sessions = [session(number, contact_type=kind) for number in range(20) for kind in ("family", "friend", "")]
    sessions += [session(number, contact_type="stranger") for number in range(4)]
    split = split_by_time(sessions, held_out=0.0, validation=0.1)
    articles = Slice("articles", (session(1, "soup", ""),), ())
    slices = choose_slices(split, articles, min_replies=10)
    assert [one.name for one in slices] == ["core", "family", "friend", "articles"]
    assert len(slices[0].train) == len(split.train)
    assert {one.contact_type for one in slices[1].train} == {"family"}


def test_should_count_replies_by_type() -> None:
    assert count_replies([session(1), session(2, replies=3), session(3, contact_type="friend")]) == {
        "family": 4,
        "friend": 1,
    }


ARTICLE = """---
title: "Soup is a drink"
date: 2025-02-02
---

I do not wish to argue about this. I have set aside the following page in order not to.

## The borders

A soup in which the *spoon* stands up has gone [inland](https://example.org) and should be governed by other laws.

**Verdict.** It comes hot, it is liquid, and it goes down without being bitten.

My mother was a school cook. Her position is that soup is a meal because children get up from it satisfied.
"""


def test_should_let_paragraphs_answer_their_title_heading_lead_or_claim() -> None:
    found = to_dialogue(ARTICLE, "soup")
    assert [line.text for line in found.lines] == [
        "Soup is a drink?",
        "I do not wish to argue about this. I have set aside the following page in order not to.",
        "The borders?",
        "A soup in which the spoon stands up has gone inland and should be governed by other laws.",
        "Verdict?",
        "It comes hot, it is liquid, and it goes down without being bitten.",
        "“My mother was a school cook.” How do you mean that?",
        "Her position is that soup is a meal because children get up from it satisfied.",
    ]


@given(st.text())
def test_should_never_put_a_word_into_the_owners_mouth(text: str) -> None:
    written = "".join(text.split())
    for line in to_dialogue(text, "any").lines:
        if line.author == "owner" and not set("*_`[]()") & set(text):
            assert "".join(line.text.split()) in written
