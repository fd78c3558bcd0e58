"""Words that are blocked after facets were trained should be known to nobody: not to the corpus, not to any facet."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model_server.base_model import BaseModel
from model_server.errors import CorpusError
from model_server.home import Home
from model_server.live_facets import VersionRecord, facet_dir, make_live, note_version
from model_server.privacy import left_to_forget, privacy_mark
from training.cli import app
from training.examples import Row
from training.facets.train_all import train_all
from training.learn.planning import plan_learning
from training.pipeline import make_stage, read_split
from training.scrub.config import ScrubConfig
from training.scrubbed import check_scrubbed
from training.scrubbing import scrub_all
from training.slices import choose_slices
from training.verdict.promotion import is_outdated

from .raw_homes import fill, new_home, talk
from .test_teaching import ACTS, BOOK, SETTINGS

MUM = "telegram:user1"
ZEBRA = ScrubConfig(block=("zebra",))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Nothing is blocked, and `family` has learned all of it."""
    home = new_home(tmp_path)
    fill(home, talk(MUM, "Mum", "what is it?", "the Zebra is late", "oh", "ok"))
    scrub_all(home, ScrubConfig())
    facet_dir(home, "family", "1").mkdir(parents=True)
    mark = privacy_mark(home)
    note_version(home, VersionRecord(facet="family", version="1", at_ms=1, made_by="train", state="live", privacy=mark))
    make_live(home, "family", "1")
    return home


def rows(home: Home, base: BaseModel) -> tuple[Row, ...]:
    """What `core` would learn from."""
    core, *_ = choose_slices(read_split(home, SETTINGS.training), None, 1)
    return make_stage(base, SETTINGS, core).rows


def test_should_not_train_on_a_corpus_that_still_holds_them(home: Home, bundled: BaseModel) -> None:
    check_scrubbed(home, ScrubConfig())
    before = rows(home, bundled)
    with pytest.raises(CorpusError, match=r"\[scrub\] has changed .* → write it anew: selfsame corpus scrub"):
        train_all(replace(SETTINGS, scrub=ZEBRA), home)
    scrub_all(home, ZEBRA)
    check_scrubbed(home, ZEBRA)
    assert rows(home, bundled) != before, "another input, so it is trained anew"
    said = [line.text for session in read_split(home, SETTINGS.training).train for line in session.lines]
    assert any("[private" in text for text in said)
    assert not any("zebra" in text.casefold() for text in said)


def test_what_was_trained_before_should_be_outdated_until_it_is_trained_anew(home: Home) -> None:
    assert not is_outdated(home, "family")
    scrub_all(home, ZEBRA)
    assert is_outdated(home, "family"), "whatever likeness says of its successor, it goes"
    assert b"zebra" not in home.blocked_file.read_bytes().lower()
    [plan] = plan_learning(home, ZEBRA, ACTS, BOOK, 1)
    assert (plan.facet, plan.outdated, plan.ready) == ("family", True, False), "nothing is learned on top of it"
    mark = privacy_mark(home)
    scrub_all(home, ScrubConfig(block=("ZEBRA",)))
    assert not left_to_forget(home, mark), "the same word"
    scrub_all(home, ScrubConfig())
    assert not is_outdated(home, "family"), "taken back"


def test_should_tell_the_owner_what_is_left_to_do(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    monkeypatch.setenv("SELFSAME_CONFIG", str(config))
    assert "selfsame train" not in CliRunner().invoke(app, ["corpus", "scrub"], catch_exceptions=False).stdout
    config.write_text('[scrub]\nblock = ["zebra"]\n')
    said = CliRunner().invoke(app, ["corpus", "scrub"], catch_exceptions=False).stdout
    assert "facets trained before now still know what is left out → selfsame train" in said
