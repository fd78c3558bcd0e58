"""Sessions, the split by time, and the slices."""

from hypothesis import given
from hypothesis import strategies as st

from model_server.contract import Line
from training.contacts import Contact
from training.conversations import Session, cut_sessions
from training.corpus import Conversation, CorpusChat, CorpusLine
from training.slices import Slice, all_sessions, choose_slices, count_replies, split_by_time

HOUR_MS = 3_600_000


def conversation(*hours: float, key: str = "telegram:user1") -> Conversation:
    lines = tuple(
        CorpusLine(str(at), "owner" if at % 2 else "contact", f"line {at}", round(hour * HOUR_MS))
        for at, hour in enumerate(hours)
    )
    return Conversation(CorpusChat(key, "personal", "Mum", key), lines)


def session(number: int, key: str = "a", contact_type: str = "family", replies: int = 1) -> Session:
    lines = tuple(Line(f"{at}", "owner" if at % 2 else "contact", "x", number * HOUR_MS) for at in range(2 * replies))
    return Session(key, key, contact_type, lines)


def test_should_end_a_session_at_a_long_silence_and_drop_those_without_the_owner() -> None:
    found = cut_sessions(conversation(0, 1, 7, 7.1, 13.1, 30), {}, 6 * 3600)
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


def test_should_date_an_answer_to_a_line_of_years_ago_by_the_answer() -> None:
    sessions = [session(number) for number in range(1, 10)]
    answer = Session("a", "a", "family", (Line("0", "contact", "x", 0), Line("1", "owner", "x", 10 * HOUR_MS)))
    assert answer in split_by_time([answer, *sessions], held_out=0.15, validation=0.1).held_out


def test_should_hold_out_some_contacts_of_a_type_whose_contacts_wrote_once() -> None:
    strangers = [session(number, f"stranger{number}", "stranger") for number in range(20)]
    split = split_by_time(strangers, held_out=0.15, validation=0.1)
    assert [one.chat_key for one in split.held_out] == ["stranger17", "stranger18", "stranger19"]
    assert len(split.validation) == 2


def test_should_hold_out_something_where_every_type_has_but_a_few_conversations() -> None:
    """Of eighteen conversations with six types none was held out, and nothing could be measured."""
    sessions = [session(10 * number + kind, f"c{kind}", f"type{kind}") for number in range(3) for kind in range(6)]
    split = split_by_time(sessions, held_out=0.15, validation=0.1)
    assert [one.chat_key for one in split.held_out] == ["c3", "c4", "c5"], "the latest"
    assert [one.chat_key for one in split.validation] == ["c1", "c2"]
    assert len(split.train) == 13


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
