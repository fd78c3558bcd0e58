"""A corpus of articles and no chats: what is held out, what is learned, who speaks, and what a report says of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from model_server.base_model import BaseModel
from model_server.blends import BlendBook
from model_server.config import FacetsConfig, ModelConfig, OwnerConfig
from model_server.errors import CorpusError, FacetError
from model_server.facet_files import publish, write_facet
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.live_facets import VersionRecord, note_version, withdraw
from tests.model_server.random_facets import random_facet
from training.articles.dialogue import articles_slice
from training.config import TrainingConfig
from training.corpus import Corpus, CorpusArticle
from training.likeness.advice import advice
from training.likeness.config import LikenessConfig
from training.likeness.figures import OVERALL
from training.likeness.findings import findings
from training.likeness.measuring import measure
from training.likeness.page import render
from training.pipeline import Settings, read_split
from training.slices import choose_slices
from training.trained import judged_facets, trained_facets

SETTINGS = Settings(
    OwnerConfig(name="Tilda"),
    ModelConfig(device="cpu"),
    FacetsConfig(rank=4, layers="top-2"),
    TrainingConfig(threads=1, row_tokens=200),
    likeness=LikenessConfig(seeds=1, resamples=100, generated=2),
)
WORDS = "I never trusted the ladder that stood beside the market gate, number"


def write(home: Home, articles: int, first_ms: int = 0) -> Home:
    """`a0` was written last."""
    with Corpus.open(home) as corpus, corpus.transaction():
        for at in range(articles):
            corpus.put_article(CorpusArticle(f"a{at}", f"On ladder {at}", f"{WORDS} {at}.", first_ms - at))
    return home


@pytest.fixture
def home(tmp_path: Path, model_home: Home, bundled: BaseModel) -> Home:
    """Seven articles, and a live facet of random numbers."""
    home = write(Home(tmp_path / "home").create(), 7, first_ms=100)
    home.models_dir.rmdir()
    home.models_dir.symlink_to(model_home.models_dir)
    bank = FacetBank(bundled.model, 4, 1, "top-2")
    write_facet(random_facet(bank, 0, rank=4), tmp_path / "articles", "bundled")
    publish(home, "articles", tmp_path / "articles")
    bank.remove()
    return home


def test_the_latest_should_be_held_out_and_the_rest_learned(tmp_path: Path) -> None:
    home = write(Home(tmp_path / "home").create(), 7, first_ms=100)
    split = read_split(home, TrainingConfig(held_out=0.3))
    assert [session.chat_key for session in split.held_out] == ["articles:a1", "articles:a0"]
    assert (split.train, split.validation) == ((), ())
    (one,) = choose_slices(split, articles_slice(home, 0.0, split.held_out), 60)
    assert one.name == "articles"
    assert {session.chat_key for session in one.train} == {f"articles:a{at}" for at in range(2, 7)}
    whole = articles_slice(home, 0.0)
    assert whole is not None
    assert len(whole.train) == 7, "beside chats, all of them are learned from"


def test_articles_that_say_nothing_should_be_nothing_to_learn_from(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    with Corpus.open(home) as corpus, corpus.transaction():
        corpus.put_article(CorpusArticle("a", "A picture", "![](a.png)"))
    with pytest.raises(CorpusError, match="nothing to learn from yet"):
        read_split(home, TrainingConfig())


def test_the_report_should_measure_the_articles_and_say_what_chats_would_tell(home: Home) -> None:
    report = measure(SETTINGS, home, BlendBook())
    assert list(report.losses) == [OVERALL]
    one = report.losses[OVERALL]
    assert (one.core, one.own, one.fewshot, one.pooled, one.shuffled, one.conversations) == (*[None] * 5, 1)
    assert one.blend != one.card, "the facet of articles answers"
    assert any("there are no chats" in note for note in report.notes)
    assert not any("no contact has a type" in note for note in report.notes)
    page = render(report)
    assert "It takes chats to tell." in page
    assert "there is no interval" in page
    assert [step.command for step in advice(report)][-1] == "selfsame import PATH", "nothing can be voted on"


def test_too_few_to_hold_any_out_should_make_a_report_all_the_same(home: Home) -> None:
    settings = replace(SETTINGS, training=TrainingConfig(threads=1, held_out=0.01))
    report = measure(settings, home, BlendBook())
    assert report.losses == {}
    assert any("too few to hold any out" in note for note in report.notes)
    assert {one.verdict for one in findings(report)} == {"unknown"}
    page = render(report)
    assert "How well each voice" not in page
    assert "There were too few." in page


def test_a_home_whose_facets_were_all_refused_should_be_measured_and_told_so(home: Home) -> None:
    withdraw(home, "articles")
    with pytest.raises(FacetError, match="no facet has been trained yet"):
        judged_facets(home)
    refused = VersionRecord(
        facet="articles", version="v", at_ms=0, made_by="train", state="refused", reason="gives away 1 of 1"
    )
    note_version(home, refused)
    assert judged_facets(home) == {}
    report = measure(SETTINGS, home, BlendBook(), quick=True)
    assert report.losses[OVERALL].blend == report.losses[OVERALL].card
    assert any("it was refused: gives away 1 of 1" in note for note in report.notes)


def test_what_takes_core_should_say_that_it_is_missing(home: Home) -> None:
    assert list(judged_facets(home)) == ["articles"]
    with pytest.raises(FacetError, match="import chats"):
        trained_facets(home)
