"""Which held-out lines are answered, and how the clone answers them: as it is served, and the same again."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from model_server.base_model import BaseModel
from model_server.blends import BlendBook
from model_server.config import EngineConfig, FacetsConfig, ModelConfig, OwnerConfig
from model_server.contract import Line
from model_server.engine import BatchingEngine
from model_server.engine_contract import Generated as Tokens
from model_server.engine_contract import Generation
from model_server.facets import FacetBank
from model_server.home import Home
from tests.model_server.random_facets import random_facet
from training.config import TrainingConfig
from training.conversations import Session
from training.facets.split_model import LowerCache, SplitModel
from training.likeness.config import LikenessConfig
from training.likeness.figures import OVERALL
from training.likeness.generated import Generated, generate
from training.likeness.prompts import HISTORY_LINES, Prompt, Said, all_prompts, choose_prompts, replies_of
from training.likeness.style_report import style_report
from training.pipeline import Settings
from training.slices import Split
from training.whole_bank import WholeBank

SETTINGS = Settings(
    OwnerConfig(name="Tilda"),
    ModelConfig(device="cpu"),
    FacetsConfig(rank=8, layers="top-5"),
    TrainingConfig(threads=1),
    likeness=LikenessConfig(generated=5, resamples=100),
    engine=EngineConfig(max_requests=2, context_tokens=96, max_new_tokens=2),
)


def session(contact: str, day: int, *texts: str, contact_type: str = "friend") -> Session:
    """`>text` is the owner's, a second later than the line before."""
    lines = tuple(
        Line(
            f"{contact}{day}.{at}",
            "owner" if text[0] == ">" else "contact",
            text.removeprefix(">"),
            day * 86_400_000 + at * 1000,
        )
        for at, text in enumerate(texts)
    )
    return Session(f"chat:{contact}", contact.title(), contact_type, lines, "en", contact)


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [line.text for line in lines]


def test_the_clone_should_be_asked_as_the_worker_would_be() -> None:
    """With the lines of the chat before, of other days too, and nothing that came later."""
    chat = [
        session("bram", 1, "hi", ">hello"),
        session("bram", 2, ">begun by her", "eh?", "what", ">nothing", ">really", "ok", ">bye"),
        session("bram", 3, "later", ">on"),
        session("mum", 1, "elsewhere", ">yes"),
    ]
    first, second = all_prompts([chat[1]], chat)
    assert texts(first.lines) == ["hi", "hello", "begun by her", "eh?", "what"]
    assert texts(first.asked) == ["eh?", "what"]
    assert first.real == "nothing\nreally"
    assert texts(second.lines) == [*texts(first.lines), "nothing", "really", "ok"]
    assert (second.contact_id, second.contact_name, second.contact_type) == ("bram", "Bram", "friend")


def test_an_older_line_that_was_answered_by_reference_should_be_asked_where_it_stood() -> None:
    chat = [session("bram", 1, "hi", ">hello"), session("bram", 3, "new", ">yes")]
    by_reference = replace(chat[0], lines=(Line("old", "contact", "which boat?", 2 * 86_400_000), chat[1].lines[1]))
    (asked,) = all_prompts([by_reference], [*chat, by_reference])
    assert texts(asked.lines) == ["hi", "hello", "which boat?"]
    between = session("bram", 2, "and?", ">no")
    (asked,) = all_prompts([between], [chat[0], replace(by_reference, lines=(chat[0].lines[0], chat[1].lines[1]))])
    assert texts(asked.lines) == ["hi", "hello", "and?"], (
        "an answer by reference to what came before stands where it was given"
    )


def test_no_more_of_a_chat_should_be_shown_than_the_bot_keeps() -> None:
    chat = [session("bram", day, f"question {day}", f">answer {day}") for day in range(30)]
    last = list(all_prompts(chat, chat))[-1]
    assert len(last.lines) == HISTORY_LINES
    assert texts(last.lines)[-3:] == ["question 28", "answer 28", "question 29"]


def test_lines_should_be_spread_over_contacts_and_time() -> None:
    chats = [session("bram", day, "q", f">{day}") for day in range(40)]
    chats += [session("noor", day, "q", f">{day}") for day in range(3)]
    chats += [session("mum", day, "q", f">{day}", contact_type="family") for day in range(2)]
    chats += [session("who", day, "q", f">{day}", contact_type="") for day in range(9)]
    chosen = choose_prompts(chats, chats, 9)
    assert list(chosen) == ["family", "friend"]
    assert Counter(prompt.contact_id for prompt in chosen["friend"]) == {"bram": 6, "noor": 3}
    assert [prompt.real for prompt in chosen["friend"] if prompt.contact_id == "bram"] == [
        "3",
        "10",
        "16",
        "23",
        "30",
        "36",
    ]
    assert [prompt.real for prompt in chosen["family"]] == ["0", "1"]
    assert Counter(prompt.contact_id for prompt in choose_prompts(chats, chats, 1)["friend"]) == {"bram": 1}


def test_what_she_begins_with_should_be_no_reply() -> None:
    chats = [session("bram", 2, ">hey", "what", ">a", ">b"), session("bram", 1, "x", ">y")]
    assert replies_of(chats) == [Said("bram", "y"), Said("bram", "a\nb")]


@pytest.fixture
def whole(bundled: BaseModel, bank: FacetBank) -> WholeBank:
    """Two facets that change every word."""
    for seed, name in enumerate(("core", "friend")):
        bank.load(name, f"v{seed}", random_facet(bank, seed))
    split = SplitModel(bundled.model, 25)
    return WholeBank(bundled, bank, split, LowerCache(split), {"core": "v0", "friend": "v1"})


def prompts(count: int) -> list[Prompt]:
    chats = [session("bram", day, f"how is number {day}?", f">fine {day}") for day in range(count)]
    return list(all_prompts(chats, []))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Generation]:
    """What the engine was really asked."""
    asked: list[Generation] = []
    real = BatchingEngine.generate

    async def generate(self: BatchingEngine, generation: Generation, on_token: object = None) -> Tokens:
        asked.append(generation)
        return await real(self, generation)

    monkeypatch.setattr(BatchingEngine, "generate", generate)
    return asked


class Killed(BaseException):
    """As if the process ended here."""


def test_a_stopped_generation_should_go_on_and_say_the_same(
    whole: WholeBank, counted: list[Generation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.likeness.generated._BATCHES", 1)

    def blend(contact_type: str, contact_id: str) -> dict[str, float]:
        assert (contact_type, contact_id) == ("friend", "bram")
        return {"core": 0.25, "friend": 0.75}

    def kill(done: int, total: int) -> None:
        assert total == 3
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        generate(whole, SETTINGS, prompts(3), blend, kill, kept=tmp_path / "kept")
    before = len(counted)
    resumed = generate(whole, SETTINGS, prompts(3), blend, kept=tmp_path / "kept")
    assert len(counted) == before + 1, "the first two were kept"
    assert generate(whole, SETTINGS, prompts(3), blend) == resumed
    assert [(one.real, one.asked[0].text) for one in resumed] == [
        (f"fine {day}", f"how is number {day}?") for day in range(3)
    ]
    assert {one.finish for one in resumed} <= {"stop", "length"}
    assert sorted(gain for gain in counted[0].gains if gain) == [0.25, 0.75]
    assert (counted[0].temperature, counted[0].greedy) == (SETTINGS.engine.temperature, False)
    assert "Bram writes to you." in whole.base.tokenizer.decode(counted[0].prompt_ids)
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    assert not whole.bank.model._forward_pre_hooks, "the model is given back as it was"


def test_a_card_that_leaves_no_room_should_leave_the_prompt_out(whole: WholeBank) -> None:
    narrow = replace(SETTINGS, engine=EngineConfig(max_requests=2, context_tokens=8, max_new_tokens=2))
    assert generate(whole, narrow, prompts(1), lambda _type, _contact: {}) == []
    assert generate(whole, SETTINGS, [], lambda _type, _contact: {}) == []


def split_of(friends: int, family: int) -> Split:
    """Held-out sessions after as many older ones."""
    chats = [session("bram", day, f"how is {day}?", f">haha no {day}") for day in range(2 * friends)]
    mum = [session("mum", day, f"how is {day}?", f">Dear, fine {day}.", contact_type="family") for day in range(family)]
    return Split((*chats[:friends], *mum), (), (*chats[friends:], *mum[: family // 2]))


def canned(
    whole: WholeBank,
    settings: Settings,
    asked: list[Prompt],
    blend_for: Callable[..., object],
    *_: object,
    **__: object,
) -> list[Generated]:
    """The owner's own words under a blend, an assistant's without one."""
    return [
        Generated(
            one.contact_type,
            one.contact_id,
            one.asked,
            one.real,
            one.real if blend_for(one.contact_type, one.contact_id) else "I AM HERE TO HELP!",
            "stop",
        )
        for one in asked
    ]


def test_the_report_should_measure_what_was_generated_and_say_what_is_too_little(
    whole: WholeBank, tmp_path: Path
) -> None:
    """With the real model: its words are noise, so only that they are measured is looked at."""
    home = Home(tmp_path / "home").create()
    told: list[tuple[int, int]] = []
    style, attribution, notes = style_report(
        whole, SETTINGS, home, split_of(6, 2), BlendBook(), lambda *news: told.append(news)
    )
    assert list(style) == ["friend"], "one type needs no line for all together"
    assert style["friend"].clone.replies == style["friend"].owner.replies == 5
    assert style["friend"].bare is not None
    assert {"bubbles", "characters", "casing"} <= {one.name for one in style["friend"].measures}
    assert attribution == ()
    assert sorted(notes)[0].startswith("family: 1 held-out lines")
    assert told[-1] == (10, 10)
    assert not (home.runs_dir / "likeness" / "generated").exists(), "what was generated does not stay"


def test_a_clone_that_says_what_she_said_should_not_be_told_from_her(
    whole: WholeBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.likeness.style_report.generate", canned)
    settings = replace(SETTINGS, likeness=LikenessConfig(generated=24, resamples=100))
    style, attribution, notes = style_report(whole, settings, Home(tmp_path).create(), split_of(24, 48), BlendBook())
    assert list(style) == ["family", "friend", OVERALL]
    assert all(one.distance == 0 for found in style.values() for one in found.measures)
    assert all(one.bare is not None and one.bare >= one.distance for one in style[OVERALL].measures)
    clone, types = attribution
    assert clone.accuracy == pytest.approx(0.5)
    assert (types.accuracy, types.reference) == (1.0, 1.0)
    assert notes == ()


def test_nothing_should_be_generated_where_none_is_wanted_or_held_out(whole: WholeBank, tmp_path: Path) -> None:
    home = Home(tmp_path).create()
    none = replace(SETTINGS, likeness=LikenessConfig(generated=0))
    assert style_report(whole, none, home, split_of(6, 2), BlendBook())[:2] == ({}, ())
    style, attribution, notes = style_report(whole, SETTINGS, home, Split((), (), ()), BlendBook())
    assert (style, attribution) == ({}, ())
    assert len(notes) == 1
