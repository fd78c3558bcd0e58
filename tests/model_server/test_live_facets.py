"""Versions of facets should be kept with their figures, and going back should be one step that forgets nobody anew."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from model_server.cli import app
from model_server.errors import ConfigError, FacetError
from model_server.home import Home
from model_server.live_facets import (
    VersionRecord,
    facet_dir,
    make_live,
    note_version,
    read_live,
    read_versions,
    remove_facet,
    remove_versions,
    rollback,
    withdraw,
)
from model_server.privacy import left_to_forget, privacy_mark

Go = Callable[..., VersionRecord]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def go_live(home: Home) -> Go:
    """A version that was trained, judged and put live."""

    def act(version: str, name: str = "friend", **figures: object) -> VersionRecord:
        facet_dir(home, name, version).mkdir(parents=True)
        record = VersionRecord(
            facet=name,
            version=version,
            at_ms=len(read_versions(home)),
            made_by="train",
            state="live",
            parent=read_live(home).get(name, ""),
            privacy=privacy_mark(home),
        )
        note_version(home, msgspec.structs.replace(record, **figures))
        make_live(home, name, version)
        return record

    return act


def states(home: Home) -> dict[str, str]:
    return {record.version: record.state for record in read_versions(home)}


def write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))


def test_should_keep_every_version_with_its_state(home: Home, go_live: Go) -> None:
    assert read_versions(home) == ()
    go_live("a", validation=2.5)
    go_live("b")
    assert states(home) == {"a": "former", "b": "live"}
    assert read_versions(home)[0].validation == 2.5
    assert withdraw(home, "friend")
    assert not withdraw(home, "friend")
    assert states(home) == {"a": "former", "b": "former"}
    assert read_live(home) == {}


def test_should_go_back_step_by_step_and_forward_by_name(home: Home, go_live: Go) -> None:
    for version in ("a", "b", "c"):
        go_live(version)
    assert rollback(home, "friend").version == "b"
    assert rollback(home, "friend").version == "a"
    with pytest.raises(FacetError, match="`friend` has no earlier version"):
        rollback(home, "friend")
    assert rollback(home, "friend", "c").version == "c"
    assert read_live(home) == {"friend": "c"}
    assert states(home) == {"a": "former", "b": "former", "c": "live"}


def test_should_go_back_past_a_version_that_is_gone(home: Home, go_live: Go) -> None:
    for version in ("a", "b", "c"):
        go_live(version)
    shutil.rmtree(facet_dir(home, "friend", "b"))
    assert rollback(home, "friend").version == "a"


def test_should_bring_back_what_was_withdrawn(home: Home, go_live: Go) -> None:
    go_live("a")
    go_live("b")
    withdraw(home, "friend")
    assert rollback(home, "friend").version == "b"


@pytest.mark.parametrize(
    ("state", "why"), [("refused", "was refused: it leaks → choose another"), ("candidate", "was never audited")]
)
def test_should_never_go_back_to_what_was_not_let_live(home: Home, go_live: Go, state: str, why: str) -> None:
    go_live("a")
    record = go_live("b")
    rollback(home, "friend")
    note_version(home, msgspec.structs.replace(record, state=state, reason="it leaks"))
    with pytest.raises(FacetError, match=why):
        rollback(home, "friend", "b")
    assert read_live(home) == {"friend": "a"}


def test_should_say_what_there_is_not(home: Home, go_live: Go) -> None:
    with pytest.raises(FacetError, match=r"no facet is called `friend` → `selfsame facets` lists"):
        rollback(home, "friend")
    go_live("a")
    with pytest.raises(FacetError, match="`friend` has no version z"):
        rollback(home, "friend", "z")
    with pytest.raises(FacetError, match="has no version z"):
        make_live(home, "friend", "z")
    with pytest.raises(FacetError, match="no name for a facet"):
        make_live(home, "../x", "a")


def test_should_not_go_back_to_what_knows_somebody_who_was_forgotten_since(home: Home, go_live: Go) -> None:
    go_live("a")
    write(home.cuts_file, {"cuts": [{"what": "telegram:user1"}]})
    go_live("b")
    go_live("c")
    assert rollback(home, "friend").version == "b"
    with pytest.raises(FacetError, match="forgotten or cut since"):
        rollback(home, "friend")
    assert read_live(home) == {"friend": "b"}
    home.cuts_file.unlink()
    assert rollback(home, "friend").version == "a", "what was cut has been taken back"


def test_should_come_to_know_a_facet_that_was_published_without_a_record(home: Home, go_live: Go) -> None:
    facet_dir(home, "friend", "old").mkdir(parents=True)
    make_live(home, "friend", "old")
    (record,) = read_versions(home)
    assert (record.version, record.state, record.likeness_change) == ("old", "live", None)
    go_live("new", at_ms=record.at_ms + 1)
    assert states(home) == {"old": "former", "new": "live"}
    assert rollback(home, "friend").version == "old"


def test_should_delete_versions_but_not_what_is_live(home: Home, go_live: Go) -> None:
    for version in ("a", "b"):
        go_live(version)
    go_live("c", "core")
    remove_versions(home, "friend", ["a", "b"])
    assert states(home) == {"b": "live", "c": "live"}
    assert not facet_dir(home, "friend", "a").exists()
    remove_facet(home, "friend")
    assert read_live(home) == {"core": "c"}
    assert states(home) == {"c": "live"}
    assert not (home.facets_dir / "friend").exists()


def test_should_say_that_the_versions_cannot_be_read(home: Home, go_live: Go) -> None:
    go_live("a")
    (home.facets_dir / "versions.json").write_text('[{"facet": 3}]')
    with pytest.raises(FacetError, match=r"versions\.json cannot be read → move it away"):
        read_versions(home)
    assert read_live(home) == {"friend": "a"}


def test_should_tell_what_is_to_be_left_out_from_what_was(home: Home) -> None:
    assert privacy_mark(home) == ""
    write(home.excluded_file, {"senders": ["telegram:user1"]})
    before = privacy_mark(home)
    assert not left_to_forget(home, before)
    assert "user1" not in before
    write(home.contacts_file, {"contacts": [{"name": "Ada", "ids": ["telegram:user1", "whatsapp:ada"]}]})
    assert left_to_forget(home, before), "he writes under another id too"
    write(home.raw_dir / "forgotten.json", {"digests": ["d1", "d2"]})
    later = privacy_mark(home)
    write(home.raw_dir / "forgotten.json", {"digests": ["d2"]})
    assert not left_to_forget(home, later), "what is not left out any more is nothing to forget"
    home.cuts_file.write_text("{")
    with pytest.raises(ConfigError, match=r"cuts\.json is damaged → mend it"):
        privacy_mark(home)


def test_the_commands_should_list_versions_and_go_back(
    home: Home, go_live: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    monkeypatch.setenv("SELFSAME_CONFIG", "")
    run = CliRunner().invoke
    assert "no facet yet" in run(app, ["facets"]).stderr
    go_live("aaaa", canaries=4, extracted=0, exposure_bits=1.5, validation=2.345)
    go_live("bbbb", likeness_change=-0.0123, likeness_ci=(-0.02, -0.004))
    told = run(app, ["facets", "--json"])
    listed = json.loads(told.stdout)
    assert listed["live"] == {"friend": "bbbb"}
    assert [one["version"] for one in listed["versions"]] == ["aaaa", "bbbb"]
    shown = run(app, ["facets"])
    assert "exposure: in bits" in shown.stderr
    header, newest, oldest = shown.stdout.splitlines()
    assert header.split()[:3] == ["facet", "version", "state"]
    assert "bbbb" in newest
    assert "live" in newest
    assert "+1.2% [+0.4%, +2.0%]" in newest
    assert "2.345" in oldest
    assert "0 of 4" in oldest
    assert "selfsame train" not in shown.stdout
    home.excluded_file.write_text('{"senders": ["telegram:1"]}')
    _, newest, oldest = run(app, ["facets"]).stdout.splitlines()
    assert "may know what was forgotten or cut since → selfsame train" in newest
    assert "may know" not in oldest
    home.excluded_file.unlink()
    assert "former" in oldest
    assert "version aaaa" in run(app, ["rollback", "friend"]).stdout
    assert read_live(home) == {"friend": "aaaa"}
    assert isinstance(run(app, ["rollback", "friend"]).exception, FacetError)
