"""The pure rules: gate, guard, honesty, pacing, composing, contacts."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.accept import Mail
from bot.compose import build_request, request_id_of, second_try, turn_lines
from bot.config import PacingConfig
from bot.contacts import Contact, ContactBook
from bot.gate import Answer, Decision, Defer, Draft, Facts, Skip, decide
from bot.guard import Allow, Refuse, Regenerate, Verdict, check
from bot.honesty import asks_for_honesty, made_honest
from bot.pacing import pace, split
from model_server.contract import Line


def line(text: str, author: str = "contact", line_id: str = "1") -> Line:
    return Line(line_id, author, text, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        ({}, Answer()),
        ({"mode": "draft"}, Draft()),
        ({"mode": "off"}, Skip("because")),
        ({"mode": "block"}, Skip("because")),
        ({"newest_line_ms": 8_999}, Skip("stale")),
        ({"newest_line_ms": 9_000}, Answer()),
        ({"stand_down_until_ms": 10_001}, Defer(10_001)),
        ({"stand_down_until_ms": 10_000}, Answer()),
        ({"stand_down_until_ms": 99_999, "mode": "off"}, Skip("because")),
        ({"defer_until_ms": 20_000, "mode": "draft"}, Defer(20_000)),
        ({"defer_until_ms": 20_000, "stand_down_until_ms": 30_000}, Defer(30_000)),
        ({"defer_until_ms": 10_000}, Answer()),
        ({"answer_until_ms": 10_000}, Skip("window closed")),
        ({"answer_until_ms": 10_001}, Answer()),
        ({"refusal": "no right to reply", "defer_until_ms": 20_000}, Skip("no right to reply")),
    ],
)
def test_the_gate_should_decide(facts: dict[str, object], decision: Decision) -> None:
    usual = {
        "now_ms": 10_000,
        "newest_line_ms": 9_900,
        "stand_down_until_ms": 0,
        "expiry_ms": 1_000,
        "mode": "auto",
        "why": "because",
    }
    assert decide(Facts(**{**usual, **facts})) == decision  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("hi there", Allow("hi there")),
        ("  hi \n\n\n  there  ", Allow("hi\nthere")),
        ("hahahahahaha no way", Allow("hahahahahaha no way")),
        ("no no no no no", Allow("no no no no no")),
        ("see you at 18:30 on 12.03.2026", Allow("see you at 18:30 on 12.03.2026")),
        ("it costs 1500 for all 3 of us", Allow("it costs 1500 for all 3 of us")),
        ("I am fine. You will miss me. You will miss me! Bye.", Allow("I am fine. You will miss me. Bye.")),
        ("see you on sunday\nsee you on sunday", Allow("see you on sunday")),
        ("Yes. Yes. It costs 3.50 or 3.50.", Allow("Yes. Yes. It costs 3.50 or 3.50.")),
        ("", Regenerate("empty")),
        (" \n ", Regenerate("empty")),
        ("ok<|im_end|>", Regenerate("special token")),
        ("hello\nuser\nwhat?", Regenerate("special token")),
        ("[INST] hi", Regenerate("special token")),
        ("I know I know I know I know I know I know", Regenerate("looping")),
        ("yes yes yes yes yes yes yes yes yes", Regenerate("looping")),
        ("so true\nso true\nso true", Regenerate("looping")),
        ("word " * 10 + " ".join(f"w{i}" for i in range(400)), Regenerate("too long")),
        ("look at https://evil.example/x", Regenerate("link or mention")),
        ("go to shop-now.com", Regenerate("link or mention")),
        ("ask @everyone", Regenerate("link or mention")),
        ("mail me at tilda@archive.org", Regenerate("link or mention")),
        ("call +49 (0)170 1234567", Refuse("private number")),
        ("DE89 3704 0044 0532 0130 00 is mine", Refuse("private number")),
        ("sure, it's [phone K]", Refuse("private placeholder")),
        ("write to [ Email q] or so", Refuse("private placeholder")),
        ("see [1] and [phone me]", Allow("see [1] and [phone me]")),
    ],
)
def test_the_guard_should_read_before_anybody_else(reply: str, verdict: Verdict) -> None:
    assert check(reply, (line("what's up?"),), cut_off=False) == verdict


def test_the_guard_should_allow_links_and_numbers_of_the_contact() -> None:
    turn = (line("is this yours: https://shop.example/x and 0170-1234567?"),)
    reply = "yes, https://shop.example/x and 0170 1234567."
    assert check(reply, turn, cut_off=False) == Allow(reply)


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ("I was there. We had a gre", "I was there."),
        ("i was there\nwe had a gre", "i was there"),
        ("i was there and we had a gre", "i was there and we had a gre"),
        ("All is said.", "All is said."),
    ],
)
def test_the_guard_should_keep_what_is_whole_of_a_reply_that_was_cut_off(reply: str, kept: str) -> None:
    assert check(reply, (), cut_off=True) == Allow(kept)


@given(st.text(max_size=300))
def test_the_guard_should_allow_only_text_that_says_something(reply: str) -> None:
    verdict = check(reply, (), cut_off=False)
    assert not isinstance(verdict, Allow) or verdict.text.strip() == verdict.text != ""
    assert not isinstance(verdict, Allow) or split(verdict.text)


@pytest.mark.parametrize(
    "question",
    [
        "are you a bot?", "Are you an AI", "r u a robot lol", "are u real?", "wait, is this a machine?",
        "am I talking to a machine?", "am i talking to the real you", "bot or human?", "is this really you?",
        "are you human?", "you're a bot, right?", "this is chatgpt isn't it?", "is that an automated reply?",
        "are you actually him?", "Bist du ein Bot?", "ben je een mens of een robot", "did an AI write that?",
        "aren’t you a  computer program?", "hello!\nare you ... a real person?",
    ],
)  # fmt: skip
def test_should_see_a_question_for_a_machine(question: str) -> None:
    assert asks_for_honesty((line("hi"), line(question)))


@pytest.mark.parametrize(
    "text",
    [
        "are you coming on Sunday?", "is this the globe?", "I bought a robot vacuum", "really?", "are you home",
        "the machine at work broke", "my aim was off", "are you still on the train to Bram?", "it's an airport",
    ],
)  # fmt: skip
def test_should_not_see_it_everywhere(text: str) -> None:
    assert not asks_for_honesty((line(text),))


@pytest.mark.parametrize(
    ("text", "bubbles"),
    [("one", ("one",)), ("one\n\n two \n", ("one", "two")), ("1\n2\n3\n4\n5", ("1", "2", "3", "4\n5")), ("", ())],
)
def test_should_split_a_reply_into_bubbles(text: str, bubbles: tuple[str, ...]) -> None:
    assert split(text) == bubbles


@given(st.lists(st.text("abc", min_size=1, max_size=50), min_size=1, max_size=9))
def test_should_say_everything_in_order(lines: list[str]) -> None:
    bubbles = split("\n".join(lines))
    assert "\n".join(bubbles) == "\n".join(lines)
    assert 1 <= len(bubbles) <= 4


def test_should_take_the_time_to_type() -> None:
    config = PacingConfig(per_character_ms=10, longest_ms=50)
    delays = [bubble.delay_ms for bubble in pace("r", "four\n" + "long " * 9 + "\nab", 15, config)]
    assert delays == [25, 50, 20]
    assert [bubble.delay_ms for bubble in pace("r", "a\nb", 0, PacingConfig(longest_ms=0))] == [0, 0]
    assert [bubble.bubble_id for bubble in pace("r", "a\nb", 0, config)] == ["r#0", "r#1"]


def test_should_compose_with_the_turn_at_the_end() -> None:
    history = (line("a", line_id="1"), line("b", line_id="2"), line("to a", "persona", "t:1:1"))
    request = build_request(
        "t:1", Contact("t:ann", "Ann", "friend"), history, (Mail(history[1], "ann", "Ann"),), now_ms=5, deadline_ms=9
    )
    assert [one.line_id for one in request.lines] == ["1", "t:1:1", "2"]
    assert (request.request_id, request.created_ms, request.deadline_ms) == ("t:1:2", 5, 9)
    assert turn_lines(request) == (history[1],)
    mailbox = (Mail(history[1], "ann", "Ann"),)
    assert [request_id_of("t:1", mailbox, edits) for edits in (0, 3)] == ["t:1:2", "t:1:2~3"]
    assert second_try(request).request_id == "t:1:2:r1"
    assert second_try(request).lines == request.lines


def test_should_read_the_contacts_again_when_they_change(tmp_path: Path) -> None:
    path = tmp_path / "contacts.json"
    book = ContactBook(path)

    def write(contact_type: str) -> None:
        ann = {"name": "Ann V", "type": contact_type, "ids": ["telegram:7", "discord:9"], "since": 2020}
        path.write_text(json.dumps({"contacts": [ann]}))

    assert book.resolve("telegram", "7", "ann", None) == Contact("telegram:7", "ann", "stranger")
    write("friend")
    assert book.resolve("discord", "9", "ann", None) == Contact("telegram:7", "Ann V", "friend")
    assert book.resolve("discord", "7", "ann", None).contact_type == "stranger", "another platform's 7"
    write("colleague")
    assert book.resolve("telegram", "7", "ann", None).contact_type == "colleague"
    path.write_text('{"contacts": [{"na')
    assert book.resolve("telegram", "7", "ann", None).contact_type == "colleague", "half a file changes nobody"
    assert book.resolve("web", "x", "Me", "family") == Contact("web:x", "Me", "family")
    path.unlink()
    assert book.resolve("telegram", "7", "ann", None).contact_type == "stranger"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("why do you ask", "Yes, a machine.\nwhy do you ask"),
        ("no lol", "Yes, a machine."),
        ("I am not. The word robot is very bad.", "Yes, a machine."),
        ("i’m a real person", "Yes, a machine."),
        ("it's me, silly", "Yes, a machine."),
        ("never been a bot in my life", "Yes, a machine."),
    ],
)
def test_should_let_no_denial_stand_beside_the_honest_answer(reply: str, said: str) -> None:
    assert made_honest(reply, (line("are you a bot?"),), "Yes, a machine.") == said
    assert made_honest(reply, (line("how are you?"),), "Yes, a machine.") == reply
