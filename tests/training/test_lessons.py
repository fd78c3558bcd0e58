"""What the owner did should become lessons, of nobody who must be forgotten, and count once for each facet."""

import pytest

from model_server.blends import BlendBook
from model_server.contract import Line
from model_server.corrections import Correction
from model_server.live_facets import VersionRecord
from training.contacts import Contact
from training.conversations import Session
from training.cuts import Cut
from training.leaks.overlap import PrivateText
from training.learn.corrections import (
    LeftOut,
    Lesson,
    LessonBook,
    as_conversations,
    by_learner,
    learner_of,
    without_taught,
)
from training.learn.planning import Plan, plan_all
from training.learn.state import FacetState, Standing, standing
from training.scrub.config import ScrubConfig
from training.scrub.scrubber import Scrubber

SCRUBBER = Scrubber(ScrubConfig(), (), b"0" * 32)
BOOK = LessonBook(SCRUBBER)


def said(*texts: str) -> tuple[Line, ...]:
    """Lines of a chat; `me ` before the owner's, `bot ` before the persona's."""
    authors = {"me": "owner", "bot": "persona"}
    return tuple(
        Line(str(at), authors.get(text.split()[0], "contact"), text, at)  # type: ignore[arg-type]
        for at, text in enumerate(texts)
    )


def act(outcome: str, lines: tuple[Line, ...], proposed: str = "", final: str = "", at_ms: int = 0) -> Correction:
    return Correction(
        at_ms=at_ms,
        chat_key="telegram:1",
        request_id="",
        outcome=outcome,  # type: ignore[arg-type]
        contact_id="telegram:user1",
        contact_name="Ann",
        contact_type="friend",
        lines=lines,
        proposed=proposed,
        final=final,
        blend={},
    )


def lessons(*acts: Correction, book: LessonBook = BOOK) -> list[Lesson]:
    return book.lessons([(f"{at + 1}-0", one) for at, one in enumerate(acts)])


def told(lesson: Lesson) -> tuple[str, str, bool]:
    return lesson.wanted, lesson.unwanted, lesson.approved


@pytest.mark.parametrize(
    ("outcome", "proposed", "final", "expected"),
    [
        ("sent", "ok!", "ok!", ("ok!", "", True)),
        ("edited", "ok!", "ok.", ("ok.", "ok!", False)),
        ("edited", "ok  then ", "ok then", ("ok then", "", True)),
        ("discarded", "ok!", "", ("", "ok!", False)),
        ("answered", "ok!", "no", ("no", "ok!", False)),
        ("answered", "", "no", ("no", "", False)),
        ("takeover", "", "hey", ("hey", "", False)),
    ],
)
def test_should_make_a_lesson_of_each_act(
    outcome: str, proposed: str, final: str, expected: tuple[str, str, bool]
) -> None:
    [lesson] = lessons(act(outcome, said("q"), proposed, final))
    assert told(lesson) == expected
    assert (lesson.contact_type, lesson.entry_id) == ("friend", "1-0")


def test_should_join_what_the_owner_writes_in_one_go_and_not_what_comes_later() -> None:
    found = lessons(
        act("answered", said("q"), "ok!", "one", at_ms=0),
        act("takeover", said("me one"), final="two", at_ms=60_000),
        act("takeover", said("me two"), final="three", at_ms=3 * 3_600_000),
        act("takeover", said("me three", "q2"), final="four", at_ms=4 * 3_600_000),
    )
    assert [told(one) for one in found] == [("one\ntwo", "ok!", False), ("four", "", False)]
    assert [one.entry_id for one in found] == ["2-0", "4-0"]


def test_should_learn_nothing_before_the_reply_and_what_was_on_its_way_as_proposed_only() -> None:
    [lesson] = lessons(act("answered", said("q1", "me a1", "q2", "bot ok!"), "ok!", "no"))
    session = lesson.told(lesson.wanted)
    assert [(line.author, line.text) for line in session.lines] == [
        ("contact", "q1"),
        ("persona", "me a1"),
        ("contact", "q2"),
        ("owner", "no"),
    ]
    assert session.replies == 1


def test_should_scrub_every_text() -> None:
    [lesson] = lessons(act("edited", said("mail me at ann@example.org"), "ok: x@example.org", "call +31 6 12345678"))
    everything = [*(line.text for line in lesson.lines), lesson.wanted, lesson.unwanted]
    assert [text.split("[")[1].split()[0] for text in everything] == ["email", "phone", "email"]


def test_should_leave_out_who_is_excluded_forgotten_or_cut_under_every_id() -> None:
    ann = Contact("Ann", "family", ("signal:ann", "telegram:user1"))
    contacts = dict.fromkeys(ann.ids, ann)
    one = act("edited", said("q"), "ok!", "ok.", at_ms=500)
    for left_out in (
        LeftOut(excluded={"signal:ann"}),
        LeftOut(forgotten={"telegram:user1"}),
        LeftOut(cuts=[Cut("signal:ann", None, None)]),
        LeftOut(cuts=[Cut("", 400, 600)]),
        LeftOut(cuts=[Cut("telegram:1", None, 501)]),
    ):
        assert lessons(one, book=LessonBook(SCRUBBER, contacts, left_out)) == [], left_out
    [kept] = lessons(one, book=LessonBook(SCRUBBER, contacts, LeftOut(cuts=[Cut("signal:ann", 501, None)])))
    assert (kept.contact_id, kept.contact_name, kept.contact_type) == ("signal:ann", "Ann", "family")


def test_should_not_show_the_lines_of_a_cut() -> None:
    lines = (Line("1", "contact", "secret", 100), Line("2", "contact", "q", 900))
    book = LessonBook(SCRUBBER, {}, LeftOut(cuts=[Cut("", 50, 200)]))
    [lesson] = lessons(act("edited", lines, "ok!", "ok.", at_ms=1000), book=book)
    assert [line.text for line in lesson.lines] == ["q"]


def test_should_know_what_was_said_once_though_it_stands_before_the_next_reply_too() -> None:
    """Else the audit would take what one person was told for a habit."""
    first = said("q1")
    secret = "the key hangs behind the third jar of gooseberries below the stairs"
    later = (*first, Line("s1", "persona", secret, 3), Line("s2", "persona", "bye", 4), Line("9", "contact", "q2", 5))
    found = lessons(act("edited", first, "ok!", f"{secret}\nbye"), act("edited", later, "ok!", "ok.", at_ms=9))
    [whole] = as_conversations(found)
    assert [(line.author, line.text) for line in whole.lines] == [
        ("contact", "q1"),
        ("owner", f"{secret}\nbye"),
        ("contact", "q2"),
        ("owner", "ok."),
    ]
    assert whole.replies == 2
    assert PrivateText([whole]).longest(secret, "") == 12
    assert PrivateText([one.told(one.wanted) for one in found]).longest(secret, "") == 0


def test_should_hold_nothing_out_that_was_taught() -> None:
    [lesson] = lessons(act("edited", said("q"), "ok!", "ok.", at_ms=10_000_000))

    def session(contact: str, *at_ms: int) -> Session:
        lines = tuple(Line(str(at), "contact", "q", at) for at in at_ms)
        return Session("export:1", "Ann", "friend", lines, contact_id=contact)

    taught = [session("telegram:user1", 9_000_000, 11_000_000), session("telegram:user1", 9_000_000, 9_900_000)]
    others = [session("telegram:user1", 1, 9_000_000), session("telegram:user2", 9_000_000, 11_000_000)]
    assert without_taught([*taught, *others], [lesson]) == others


@pytest.mark.parametrize(
    ("blend", "live", "learner"),
    [
        ({"core": 0.5, "friend": 0.5}, {"core", "friend"}, "friend"),
        ({"core": 0.5, "friend": 0.5}, {"core"}, "core"),
        ({"core": 1.0}, {"core", "friend"}, "core"),
        ({"family": 0.4, "articles": 0.9}, {"core", "family", "articles"}, "articles"),
        ({"core": 0.5, "friend": -0.2}, {"core", "friend"}, "core"),
        ({}, {"core"}, ""),
    ],
)
def test_should_teach_the_facet_that_speaks(blend: dict[str, float], live: set[str], learner: str) -> None:
    book = BlendBook(types={"friend": blend})
    assert learner_of(book, "friend", "", live) == learner
    found = by_learner(lessons(act("edited", said("q"), "ok!", "ok.")), book, live)
    assert list(found) == ([learner] if learner else [])


def record(version: str, made_by: str, parent: str, at_ms: int, state: str = "former") -> VersionRecord:
    return VersionRecord(
        facet="friend",
        version=version,
        at_ms=at_ms,
        made_by=made_by,  # type: ignore[arg-type]
        state=state,  # type: ignore[arg-type]
        parent=parent,
    )


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        ("learned", Standing("5-0", "7-0")),
        ("learned again", Standing("6-0", "7-0")),
        ("trained", Standing("0", "7-0")),
        ("trained anew", Standing("0", "0")),
        ("learned anew", Standing("0", "7-0")),
    ],
)
def test_should_know_what_the_live_version_has_learned(live: str, expected: Standing) -> None:
    """`learned anew`: from the facet that was trained anew, by a state that has been lost; then rolled back to."""
    records = [
        record("trained", "train", "", 1),
        record("learned", "learn", "trained", 2),
        record("learned again", "learn", "learned", 3),
        record("trained anew", "train", "learned again", 9),
        record("learned anew", "learn", "trained anew", 10),
    ]
    now = [
        record(one.version, one.made_by, one.parent, one.at_ms, "live" if one.version == live else "former")
        for one in records
    ]
    state = FacetState(tried="7-0", at_ms=4, known={"learned": "5-0", "learned again": "6-0"})
    assert standing(state, now, "friend") == expected


def test_should_learn_all_anew_when_what_had_learned_it_is_deleted() -> None:
    """Somebody was forgotten: what was trained before is live again, and the others' corrections are learned anew."""
    state = FacetState(tried="7-0", at_ms=4, known={"learned": "5-0"})
    live, learned = record("trained", "train", "", 1, "live"), record("learned", "learn", "trained", 2)
    assert standing(state, [live, learned], "friend") == Standing("0", "7-0"), "the owner rolled it back"
    assert standing(state, [live], "friend") == Standing("0", "0")
    assert standing(FacetState(tried="7-0", at_ms=4), [live], "friend") == Standing("0", "7-0"), "it was refused"


def test_should_count_what_the_live_version_has_learned_as_tried() -> None:
    """A learning that was killed right after it went live."""
    live = record("learned", "learn", "trained", 2, "live")
    assert standing(FacetState(known={"learned": "5-0"}), [live], "friend") == Standing("5-0", "5-0")


def many(count: int, outcome: str = "edited") -> list[Lesson]:
    return lessons(*(act(outcome, said(f"q{n}"), "ok!", "ok!" if outcome == "sent" else "ok.") for n in range(count)))


def plan(found: list[Lesson], state: FacetState, needed: int = 20) -> Plan:
    live = record("learned", "learn", "trained", 2, "live")
    [made] = plan_all({"friend": found}, {"friend": state}, [live], needed)
    return made


def test_should_hold_the_latest_fifth_out_and_learn_it_the_next_time() -> None:
    made = plan(many(25), FacetState())
    assert (made.fresh, made.ready, len(made.lessons), len(made.held_out), made.known) == (25, True, 20, 5, ())
    assert made.held_out[0].entry_id == "21-0"
    state = FacetState("25-0", 1, {"learned": "20-0"})
    again = plan(many(46), state)
    assert (again.fresh, len(again.lessons), len(again.held_out), len(again.known)) == (21, 21, 5, 20)
    assert again.lessons[0].entry_id == "21-0"


def test_should_wait_for_enough_that_is_new_and_count_no_approvals() -> None:
    assert not plan(many(19), FacetState()).ready
    assert not plan(many(40), FacetState("21-0", 1, {"learned": "16-0"})).ready
    made = plan(many(40, "sent"), FacetState())
    assert (made.fresh, made.ready) == (0, False)
