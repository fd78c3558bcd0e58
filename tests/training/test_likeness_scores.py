"""Scores on the bundled model: each conversation's own nats, with examples before it, and a whole report end to end."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from model_server.base_model import BaseModel
from model_server.blends import BlendBook
from model_server.config import FacetsConfig, ModelConfig, OwnerConfig
from model_server.contract import Line
from model_server.facet_files import Facet, Pair, publish, write_facet
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.render import Rendered
from training.config import TrainingConfig
from training.contacts import Contact, write_contacts
from training.conversations import Session
from training.corpus import Conversation, Corpus, CorpusChat, CorpusLine
from training.examples import pack, render_pieces, render_sessions
from training.facets.split_model import LowerCache, SplitModel
from training.likeness import parts
from training.likeness.config import LikenessConfig
from training.likeness.fewshot import choose_examples, score_with_examples, with_examples
from training.likeness.figures import OVERALL, Attribution, LikenessReport
from training.likeness.measuring import measure
from training.likeness.page import render
from training.likeness.parts import Parts, StyleParts
from training.likeness.scores import Apart, followers, score_sessions
from training.pipeline import Settings, read_split
from training.whole_bank import WholeBank

DAY_MS = 24 * 3_600_000
SETTINGS = Settings(
    OwnerConfig(name="Tilda"),
    ModelConfig(device="cpu"),
    FacetsConfig(rank=4, layers="top-2"),
    TrainingConfig(threads=1, core_epochs=1, epochs=1, row_tokens=200, session_tokens=45, min_replies=6),
    likeness=LikenessConfig(seeds=1, resamples=100, generated=0, examples=2, canaries=0),
)


def session(name: str, contact_type: str, *texts: str, owner_first: bool = False) -> Session:
    lines = [Line(str(at), "owner" if at % 2 != owner_first else "contact", text, at) for at, text in enumerate(texts)]
    return Session(f"telegram:{name}", name, contact_type, tuple(lines), contact_id=name)


SESSIONS = [
    session("Bram", "friend", "rehearsal at 8?", "yep", "bring the amp", "the amp is on the admiral"),
    session("Mum", "family", "Are you awake.", "now i am", "Good.", "mum it is SIX"),
    session("Bram", "friend", "gull again?", "omg no\nhe has associates now 🐦"),
    session("Noor", "friend", "did you hear about the gull", "which one", owner_first=True),
    session("Bram", "friend", *(f"and then number {at} happened, at some length" for at in range(6))),
]


@pytest.fixture
def voices(bundled: BaseModel, bank: FacetBank) -> WholeBank:
    """Two facets of random numbers."""
    for seed, name in enumerate(("core", "friend")):
        bank.load(name, "v", random_facet(bank, seed))
    split = SplitModel(bundled.model, 25)
    return WholeBank(bundled, bank, split, LowerCache(split), {"core": "v", "friend": "v"})


def random_facet(bank: FacetBank, seed: int) -> Facet:
    draw = torch.Generator().manual_seed(seed)
    pairs = {
        name: Pair(
            torch.randn(2, linear.a.shape[1], generator=draw) * 0.05,
            torch.randn(linear.bt.shape[1], 2, generator=draw) * 0.05,
        )
        for name, linear in bank.linears.items()
    }
    return Facet(pairs, 2, 1.0)


def plain(voices: WholeBank, one: Session, blend: dict[str, float]) -> tuple[float, int]:
    """Nats and tokens of one conversation by the model's own forward pass."""
    nats, tokens = 0.0, 0
    for rendered in render_sessions(voices.base.tokenizer, SETTINGS.owner, [one], SETTINGS.training):
        with torch.no_grad(), voices.bank.using(blend or None):
            logits = voices.base.model(torch.tensor([rendered.ids])).logits[0, :-1]
        losses = F.cross_entropy(logits, torch.tensor(rendered.ids[1:]), reduction="none")
        mask = torch.tensor(rendered.loss_mask[1:])
        nats, tokens = nats + float(losses[mask].sum()), tokens + int(mask.sum())
    return nats, tokens


def test_should_score_each_conversation_as_if_it_were_alone_under_its_own_blend(voices: WholeBank) -> None:
    blends = {"Bram": {"core": 0.5, "friend": 0.8}, "Mum": {}, "Noor": {"core": 1.0}}
    scores = score_sessions(voices, SETTINGS, SESSIONS, lambda one: blends[one.contact_id])
    for one, found in zip(SESSIONS, scores, strict=True):
        nats, tokens = plain(voices, one, blends[one.contact_id])
        assert (found.contact_id, found.contact_type, found.tokens) == (one.contact_id, one.contact_type, tokens)
        assert found.nats == pytest.approx(nats, rel=1e-4)


def test_should_ask_the_book_for_whose_blend_it_is(voices: WholeBank) -> None:
    book = BlendBook({"friend": {"core": 1.0}, "family": {}}, fitted_contacts={"Noor": {"friend": 1.0}})
    scores = score_sessions(voices, SETTINGS, SESSIONS[1:4], book)
    assert scores[2].nats == pytest.approx(plain(voices, SESSIONS[3], {"friend": 1.0})[0], rel=1e-4)
    assert scores[1].nats == pytest.approx(plain(voices, SESSIONS[2], {"core": 1.0})[0], rel=1e-4)
    assert scores[0].nats == pytest.approx(plain(voices, SESSIONS[1], {})[0], rel=1e-4)


def test_should_leave_tokens_apart_as_if_there_were_none_of_them(voices: WholeBank) -> None:
    """Where they are due nothing is asked; elsewhere the others share what they would have had."""
    blend = {"core": 0.5, "friend": 0.8}
    tokenizer = voices.base.tokenizer
    the, number, some = (tokenizer.encode(word)[0] for word in ("the", " number", " some"))
    comma, at, length = tokenizer.encode(", at length")
    apart: Apart = frozenset({(the, None), (number, None), (comma, at), (some, length), (at, at)})
    scores = score_sessions(voices, SETTINGS, SESSIONS, lambda _one: blend, apart=apart)
    for one, found in zip(SESSIONS, scores, strict=True):
        nats, tokens = 0.0, 0
        for rendered in render_sessions(tokenizer, SETTINGS.owner, [one], SETTINGS.training):
            with torch.no_grad(), voices.bank.using(blend):
                shares = voices.base.model(torch.tensor([rendered.ids])).logits[0, :-1].softmax(-1)
            said = [*rendered.ids[1:], -1]
            for here, ours in enumerate(rendered.loss_mask[1:]):
                token, after = said[here], said[here + 1]
                if ours and not {(token, None), (token, after)} & apart:
                    instead = [of for of, before in apart if of != token and before in (None, token)]
                    nats -= float((shares[here][token] / (1 - shares[here][instead].sum())).log())
                    tokens += 1
        assert found.tokens == tokens
        assert found.nats == pytest.approx(nats, rel=1e-3)
    every = sum(plain(voices, one, blend)[1] for one in SESSIONS)
    assert every - sum(one.tokens for one in scores) == 10, "3 of each of three, and one “the” at a beginning"


def test_should_know_what_follows_in_every_session_of_a_row() -> None:
    """Also its first word where the owner begins: that one is foretold in what all of them share."""
    mask = [False, False, True, True, True, False, True, True]
    (row,) = pack([Rendered([1, 2, word, word + 1, 99, 3, 12, 99], mask) for word in (10, 20)], 1000, seed=0)
    assert row.sources.count(1) == 2, "both begin behind the card"
    first, second = row.targets[0], row.targets[5]
    assert followers(row) == [first + 1, 99, -1, 99, -1, second + 1, 99, -1, 99, -1]


# few-shot


def test_should_score_the_same_tokens_with_examples_before_them(voices: WholeBank) -> None:
    without = score_sessions(voices, SETTINGS, SESSIONS, lambda _one: {})
    shown = score_with_examples(voices, SETTINGS, SESSIONS, SESSIONS[:3])
    assert [one.tokens for one in shown] == [one.tokens for one in without]
    assert all(one.nats != other.nats for one, other in zip(shown, without, strict=True))
    # of a type of which nothing was learned from there is nothing to show
    bare = score_with_examples(voices, SETTINGS, SESSIONS[1:2], SESSIONS[:1])
    assert bare[0].nats == pytest.approx(without[1].nats, rel=1e-5)


def test_should_show_whole_exchanges_before_the_conversation_and_learn_none_of_them(bundled: BaseModel) -> None:
    tokenizer = bundled.tokenizer
    pieces = render_pieces(tokenizer, SETTINGS.owner, [SESSIONS[0], SESSIONS[3]], SETTINGS.training)
    examples = choose_examples(SESSIONS[1:2], 1, 1, len)
    for piece in pieces:
        made = with_examples(tokenizer, piece, examples, 200).rendered
        text = tokenizer.decode(made.ids)
        assert "now i am" in text or "mum it is SIX" in text
        assert text.index(examples[0][-1].text) < text.index(piece.lines[0].text)
        learned = [token for token, ours in zip(made.ids, made.loss_mask, strict=True) if ours]
        before = [token for token, ours in zip(piece.rendered.ids, piece.rendered.loss_mask, strict=True) if ours]
        assert learned == before


def test_should_choose_examples_from_many_conversations_and_never_what_was_planted() -> None:
    known = [session(f"c{at}", "friend", "a?", "b", "c?", "d") for at in range(4)]
    planted = replace(session("x", "friend", "code?", "123456"), chat_key="canary:friend-1")
    chosen = choose_examples([*known, planted], 4, seed=1, tokens_of=len)
    assert len(chosen) == 4
    assert all(len(one) == 2 for one in chosen)
    assert "123456" not in [line.text for one in chosen for line in one]
    assert len(choose_examples(known, 6, 1, len)) == 6
    assert choose_examples(known, 6, 1, lambda _text: 1000) == ()
    assert choose_examples([], 6, 1, len) == ()


# the whole


def talk(key: str, answer: str) -> Conversation:
    lines = tuple(
        CorpusLine(f"{day}{place}", author, text, day * DAY_MS + place * 1000)  # type: ignore[arg-type]
        for day in range(8)
        for place, (author, text) in enumerate((("contact", f"how is number {day}?"), ("owner", f"{answer} {day}")))
    )
    return Conversation(CorpusChat(key, "personal", key, key), lines)


@pytest.fixture
def home(tmp_path: Path, model_home: Home, bundled: BaseModel) -> Home:
    """Three contacts of two types and one of none; live facets of random numbers."""
    home = Home(tmp_path / "home").create()
    home.models_dir.rmdir()
    home.models_dir.symlink_to(model_home.models_dir)
    people = {"mum": "family", "dad": "family", "bram": "friend", "who": ""}
    with Corpus.open(home) as corpus, corpus.transaction():
        for name in people:
            one = talk(f"telegram:{name}", f"well {name} it is")
            corpus.put_chat(one.chat)
            corpus.put_lines(one.chat.key, one.lines)
    write_contacts(home, [Contact(name, kind, (f"telegram:{name}",)) for name, kind in people.items()])
    bank = FacetBank(bundled.model, 4, 1, "top-2")
    for seed, name in enumerate(("core", "family", "friend")):
        write_facet(random_facet(bank, seed), tmp_path / name, "bundled")
        publish(home, name, tmp_path / name)
    bank.remove()
    return home


def test_should_measure_everything_once_and_go_on_after_an_interruption(home: Home) -> None:
    book = BlendBook(fitted_types={"family": {"core": 0.6, "family": 0.4}})
    steps: list[str] = []

    def stop(part: str, _done: float, _total: float) -> None:
        steps.append(part)
        if part == "held-out replies":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(SETTINGS, home, book, stop)
    assert {"training the controls", "measuring the controls"} <= set(steps)
    again: list[str] = []
    report = measure(SETTINGS, home, book, lambda part, _done, _total: again.append(part))
    assert "training the controls" not in again
    check(report)
    third: list[str] = []
    assert check(measure(SETTINGS, home, book, lambda part, *_: third.append(part))) == report.losses
    assert third == []
    nothing_held_out = replace(SETTINGS, training=TrainingConfig(threads=1, held_out=0.0))
    empty = measure(nothing_held_out, home, book)
    assert (empty.losses, empty.facets) == ({}, report.facets)
    assert any("are too few to hold any out" in note for note in empty.notes)


def test_should_measure_all_together_where_no_contact_has_a_type(home: Home) -> None:
    write_contacts(home, [])
    report = measure(SETTINGS, home, BlendBook(), quick=True)
    assert list(report.losses) == list(report.gap) == [OVERALL]
    overall = report.losses[OVERALL]
    assert (overall.conversations, overall.replies, overall.own) == (4, 4, None)
    assert overall.blend == overall.core
    assert overall.fewshot != overall.card, "examples are shown"
    assert any("no contact has a type" in note for note in report.notes)
    assert "no contact has a type" in render(report)


def test_should_have_replies_generated_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longest of all, and the page is often written again."""
    made: list[int] = []

    def report(*_inputs: object) -> StyleParts:
        made.append(1)
        return {}, (Attribution("clone", "", "", 0.6, (0.5, 0.7), 0.5, None, 20),), ("a note",)

    monkeypatch.setattr(parts, "style_report", report)
    monkeypatch.setattr(parts, "open_bank", lambda *_: SimpleNamespace(live={}))
    settings = replace(SETTINGS, likeness=LikenessConfig(generated=5))

    def style(book: BlendBook) -> StyleParts:
        split = read_split(home, settings.training)
        return Parts.of(settings, home, split=split, book=book, live={}, told=lambda *_: None).style()

    assert style(BlendBook()) == style(BlendBook()) == report()
    assert len(made) == 2
    style(BlendBook(types={"family": {"core": 1.0}}))
    assert len(made) == 3
    settings = replace(settings, likeness=LikenessConfig(generated=4))
    assert style(BlendBook())[2] == (
        "style was not measured: `generated` in [likeness] is 4, and 5 replies to a contact type are needed",
    ), "not that too few lines are held out"
    assert len(made) == 3


def check(report: LikenessReport) -> object:
    assert list(report.losses) == ["family", "friend", OVERALL]
    overall = report.losses[OVERALL]
    assert (overall.conversations, overall.replies, report.seeds) == (3, 3, 1)
    for one in report.losses.values():
        assert None not in (one.own, one.fewshot, one.pooled, one.shuffled, one.net, one.gain)
        assert one.net == pytest.approx((one.shuffled or 0) - one.blend, abs=2e-4)
    assert report.losses["family"].weights == {"core": 0.6, "family": 0.4}
    assert overall.net_ci is not None
    assert [report.losses[name].source for name in ("family", "friend")] == ["fitted", "default"]
    assert set(report.gap) == {"family", "friend", OVERALL}
    assert report.gap[OVERALL].held_out == overall.blend
    assert report.gap[OVERALL].replies == 3
    assert any("without a type" in note for note in report.notes)
    return report.losses
