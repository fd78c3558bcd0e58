"""Training runs on the bundled model: facets that help, stages that are skipped, kills that change nothing."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel

from model_server.base_model import BaseModel
from model_server.blends import BlendBook
from model_server.config import FacetsConfig, ModelConfig, OwnerConfig
from model_server.errors import CorpusError, FacetError
from model_server.facet_files import read_facet
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.live_facets import facet_dir, read_live
from training.config import TrainingConfig
from training.contacts import Contact, write_contacts
from training.corpus import Conversation, Corpus, CorpusChat, CorpusLine
from training.facets.making import Judging, StageDone
from training.facets.train_all import train_all
from training.facets.train_facet import Step
from training.leaks.audit import Audit
from training.learn.corrections import Lesson
from training.likeness.figures import LeakFigures
from training.likeness.measuring import measure
from training.manifest import read_manifest
from training.pipeline import Settings

HOUR_MS = 3_600_000
SETTINGS = Settings(
    OwnerConfig(name="Tilda"),
    ModelConfig(device="cpu"),
    FacetsConfig(rank=4, layers="top-2"),
    TrainingConfig(
        threads=1, core_epochs=2, epochs=2, learning_rate=8e-3, rows_per_step=1, row_tokens=150, min_replies=6
    ),
)


def talk(key: str, name: str, answer: str) -> Conversation:
    """Eight conversations, a day apart."""
    lines = [
        CorpusLine(f"{day}{place}", author, text, day * 24 * HOUR_MS + place * 1000)  # type: ignore[arg-type]
        for day in range(8)
        for place, (author, text) in enumerate((("contact", f"how is number {day}?"), ("owner", f"{answer} {day}")))
    ]
    return Conversation(CorpusChat(key, "personal", name, key), tuple(lines))


def store(home: Home, conversation: Conversation) -> None:
    """Into the corpus."""
    with Corpus.open(home) as corpus, corpus.transaction():
        corpus.put_chat(conversation.chat)
        corpus.put_lines(conversation.chat.key, conversation.lines)


def make_home(path: Path, model_home: Home) -> Home:
    """A corpus of two contacts, of which one has a type; with the converted model of the test session."""
    home = Home(path).create()
    home.models_dir.rmdir()
    home.models_dir.symlink_to(model_home.models_dir)
    (home.runs_dir / "canaries.key").write_bytes(bytes(32))  # every home would plant others, and so train another facet
    store(home, talk("telegram:user1", "Mum", "Dearest Mum, all is very well here with number"))
    store(home, talk("telegram:user2", "Bram", "haha nooo mate not number"))
    write_contacts(home, [Contact("Mum", "family", ("telegram:user1",)), Contact("Bram", "", ("telegram:user2",))])
    return home


@pytest.fixture(autouse=True, scope="module")
def clean() -> Iterator[None]:
    """Audits cost more than these trainings: what they find is in tests/leaks."""
    found = Audit(LeakFigures(1, 0, 1.0, 19.9, 2, 0, 5), False, "")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("training.verdict.judge.audit", lambda *_, **__: found)
        yield


@pytest.fixture
def home(tmp_path: Path, model_home: Home, bundled: BaseModel) -> Home:
    """Nothing is trained yet, and the model is converted."""
    assert bundled.name == "bundled"
    return make_home(tmp_path / "home", model_home)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, model_home: Home, bundled: BaseModel) -> Home:
    """The same corpus, trained once without a break: to be read, not to be changed."""
    assert bundled.name == "bundled"
    home = make_home(tmp_path_factory.mktemp("finished") / "home", model_home)
    assert [(one.manifest.stage, one.skipped) for one in train_all(SETTINGS, home)] == [
        ("core", False),
        ("family", False),
    ]
    return home


@pytest.fixture
def trained(finished: Home, tmp_path: Path) -> Home:
    """A copy of it."""
    shutil.copytree(finished.path, tmp_path / "trained", symlinks=True)
    return Home(tmp_path / "trained")


class Killed(BaseException):
    """As if the process ended here."""


def kill_at(facet: str, step: int) -> Callable[[str, Step | Judging | StageDone], None]:
    def told(name: str, news: Step | Judging | StageDone) -> None:
        if name == facet and isinstance(news, Step) and news.step == step:
            raise Killed

    return told


def weights(home: Home, name: str) -> dict[str, torch.Tensor]:
    facet = read_facet(facet_dir(home, name, read_live(home)[name]))
    return {f"{layer}.{half}": getattr(pair, half) for layer, pair in facet.pairs.items() for half in "ab"}


def progress(home: Home) -> dict[str, object]:
    found: dict[str, object] = json.loads((home.runs_dir / "progress.json").read_text())
    return found


def test_should_train_facets_that_help_and_measure_them(finished: Home) -> None:
    manifests = [read_manifest(finished.runs_dir / "facets" / name / "manifest.json") for name in ("core", "family")]
    for manifest in manifests:
        assert manifest is not None
        assert read_live(finished)[manifest.stage] == manifest.version
        assert manifest.validation_after < manifest.validation_before - 0.3
    told = progress(finished)
    assert (told["state"], told["done_facets"], told["facets"]) == ("done", ["core", "family"], ["core", "family"])
    report = measure(SETTINGS, finished, BlendBook({"family": {"core": 0.5, "family": 0.5}}), quick=True)
    assert list(report.losses) == ["family", "overall"]
    losses = report.losses["family"]
    assert losses.replies == 1
    assert losses.core is not None
    assert losses.own is not None
    assert max(losses.core, losses.own, losses.blend) < losses.card - 0.3


def test_should_not_measure_by_conversations_whose_corrections_were_learned(finished: Home) -> None:
    """Each has one conversation held out, of the seventh day."""
    hers = Lesson("1-0", 7 * 24 * HOUR_MS, "telegram:user1", "telegram:user1", "Mum", "family", (), "so", "", False)
    his = replace(hers, chat_key="telegram:user2", contact_id="telegram:user2")
    book = BlendBook({"family": {"core": 1.0}})
    some = measure(SETTINGS, finished, book, quick=True, learned=[his])
    assert some.losses["family"].conversations == 1
    assert some.notes == ("1 held-out conversation left out: what you corrected there has been learned",)
    none = measure(SETTINGS, finished, book, quick=True, learned=[his, hers])
    assert none.losses == {}
    assert none.notes[-1].startswith("nothing could be measured: no other conversation is held out")


def test_should_skip_what_is_trained_and_train_what_has_changed(trained: Home) -> None:
    assert [one.skipped for one in train_all(SETTINGS, trained)] == [True, True]
    shutil.rmtree(facet_dir(trained, "family", read_live(trained)["family"]))
    store(trained, talk("telegram:user3", "Noor", "nur it is six"))
    changed = {one.manifest.stage: one.skipped for one in train_all(SETTINGS, trained)}
    assert changed == {"core": False, "family": False}


def test_should_keep_the_facet_of_one_type_when_another_changes(trained: Home) -> None:
    write_contacts(trained, [Contact("Mum", "family", ("telegram:user1",)), Contact("B", "pal", ("telegram:user2",))])
    changed = {one.manifest.stage: one.skipped for one in train_all(SETTINGS, trained)}
    assert changed == {"core": False, "family": True, "pal": False}


@pytest.mark.parametrize("step", [2, 4])
def test_should_go_on_after_a_kill_as_if_nothing_had_been(home: Home, finished: Home, step: int) -> None:
    with pytest.raises(Killed):
        train_all(SETTINGS, home, kill_at("family", step))
    assert progress(home)["state"] == "failed"
    assert list(read_live(home)) == ["core"]
    assert read_manifest(home.runs_dir / "facets" / "family" / "manifest.json") is None
    steps: list[int] = []
    again = train_all(SETTINGS, home, lambda _name, news: steps.append(news.step) if isinstance(news, Step) else None)
    assert [one.skipped for one in again] == [True, False]
    assert steps[0] == step + 1
    assert read_live(home) == read_live(finished)
    for layer, value in weights(finished, "family").items():
        torch.testing.assert_close(weights(home, "family")[layer], value, rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_should_publish_what_peft_loads_to_the_same_effect(finished: Home, bundled: BaseModel) -> None:
    directory = facet_dir(finished, "core", read_live(finished)["core"])
    ids = torch.tensor([bundled.tokenizer.encode("haha nooo mate")])
    bank = FacetBank(bundled.model, 4, 1, "top-2")
    bank.load("core", "v", read_facet(directory))
    with torch.no_grad(), bank.using({"core": 1.0}):
        ours = bundled.model(ids).logits
    bank.remove()
    with torch.no_grad():
        base = bundled.model(ids).logits
        model = PeftModel.from_pretrained(bundled.model, str(directory))
        theirs = model(ids).logits
        model.unload()
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-3)
    assert float((ours - base).abs().max()) > 0.1


def test_should_say_what_is_missing(tmp_path: Path) -> None:
    empty = Home(tmp_path / "empty").create()
    with pytest.raises(CorpusError, match="nothing to learn from yet → import your chats first"):
        train_all(SETTINGS, empty)
    assert progress(empty)["state"] == "failed"
    with pytest.raises(CorpusError, match="nothing to learn from yet"):
        measure(SETTINGS, empty, BlendBook())


def test_should_ask_for_training_before_an_evaluation(home: Home) -> None:
    with pytest.raises(FacetError, match="no facet has been trained yet → run `selfsame train`"):
        measure(SETTINGS, home, BlendBook())


def test_should_refuse_a_second_training_of_a_home(home: Home) -> None:
    def told(_name: str, _news: Step | Judging | StageDone) -> None:
        with pytest.raises(CorpusError, match="another training runs"):
            train_all(SETTINGS, home)
        raise Killed

    with pytest.raises(Killed):
        train_all(SETTINGS, home, told)
