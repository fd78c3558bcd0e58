"""Fitted blends: in force after what the owner sets and before the defaults, on disk, and in the owner's sight."""

import io
import json
from pathlib import Path

import pytest
import redis.asyncio
from rich.console import Console
from typer.testing import CliRunner

from model_server.blend_picture import draw, line_of, shown_contacts, shown_types
from model_server.blend_store import load_book, set_blend
from model_server.blends import BlendBook, resolve, source_of
from model_server.cli import app
from model_server.errors import ConfigError
from model_server.fitted import (
    FitFigures,
    Fitted,
    FittedFile,
    change_fitted,
    fitted_path,
    put_contact,
    read_fitted,
    remove_contact,
)
from model_server.home import Home
from model_server.redis_link import connect_blocking

FIGURES = FitFigures(before=3.9, after=3.7, replies=46, at_ms=1)
BOOK = BlendBook(
    types={"family": {"core": 0.9}, "stranger": {"core": 0.2}},
    contacts={"telegram:1": {"mum": 1.0}},
    fitted_types={"friend": {"core": 0.6, "friend": 0.7}, "family": {"family": 1.1}, "pal": {"core": 0.8}},
    fitted_contacts={"telegram:1": {"core": 0.1}, "telegram:2": {"core": 0.4}},
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.mark.parametrize(
    ("contact_type", "contact_id", "blend", "source"),
    [
        ("friend", "telegram:1", {"mum": 1.0}, "set"),
        ("family", "telegram:2", {"core": 0.9}, "set"),
        ("friend", "telegram:2", {"core": 0.4}, "fitted"),
        ("friend", "telegram:3", {"core": 0.6, "friend": 0.7}, "fitted"),
        ("pal", "telegram:3", {"core": 0.8}, "fitted"),
        ("colleague", "telegram:3", {"core": 0.5, "colleague": 0.5}, "default"),
        ("neighbour", "telegram:3", {"core": 0.2}, "set"),
    ],
)
def test_what_is_set_should_win_over_what_is_fitted_and_that_over_the_default(
    contact_type: str, contact_id: str, blend: dict[str, float], source: str
) -> None:
    assert resolve(BOOK, contact_type, contact_id) == blend
    assert source_of(BOOK, contact_type, contact_id) == source


def test_a_type_nobody_knows_should_be_answered_as_a_fitted_stranger() -> None:
    book = BlendBook(fitted_types={"stranger": {"core": 0.7}})
    assert resolve(book, "neighbour", "telegram:9") == {"core": 0.7}
    assert source_of(book, "neighbour", "telegram:9") == "fitted"


def test_should_keep_what_was_fitted(home: Home) -> None:
    assert read_fitted(home) == Fitted()
    fitted = Fitted(types={"friend": {"core": 0.5}}, figures={"friend": FIGURES}, versions={"core": "v"})
    change_fitted(home, lambda _: fitted)
    assert read_fitted(home) == fitted
    put_contact(home, ("telegram:1", "discord:2"), {"core": 0.3}, FIGURES)
    assert read_fitted(home).contacts == {"telegram:1": {"core": 0.3}, "discord:2": {"core": 0.3}}
    remove_contact(home, ("discord:2", "telegram:1", "telegram:nobody"))
    assert read_fitted(home) == fitted
    assert fitted_path(home).stat().st_mode & 0o777 == 0o600


def test_should_refuse_a_blend_out_of_bounds_and_change_nothing(home: Home) -> None:
    change_fitted(home, lambda _: Fitted(types={"friend": {"core": 0.5}}))
    with pytest.raises(ConfigError, match="out of bounds"):
        change_fitted(home, lambda now: Fitted(types=now.types | {"family": {"core": 2.5}}))
    assert read_fitted(home).types == {"friend": {"core": 0.5}}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"types": {"friend": {"core": 9}}}', b"\xff"])
def test_should_say_what_to_do_with_a_damaged_file(home: Home, content: bytes) -> None:
    fitted_path(home).write_bytes(content)
    with pytest.raises(ConfigError, match=r"fitted.json cannot be read → remove it, then: selfsame blend fit"):
        read_fitted(home)


def test_a_process_should_see_a_change_at_once_and_read_only_then(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Home] = []

    def counted(home: Home) -> Fitted:
        reads.append(home)
        return read_fitted(home)

    monkeypatch.setattr("model_server.fitted.read_fitted", counted)
    follow = FittedFile(home)
    assert follow() == Fitted()
    change_fitted(home, lambda _: Fitted(types={"friend": {"core": 0.5}}))
    assert [follow().types, follow().types] == [{"friend": {"core": 0.5}}] * 2
    assert len(reads) == 2, "the writer's own, and one of the follower"
    fitted_path(home).write_bytes(b"half a fi")
    assert follow().types == {"friend": {"core": 0.5}}, "a damaged file changes nothing"
    fitted_path(home).unlink()
    assert follow() == Fitted()


async def test_the_book_should_hold_what_is_fitted(redis_client: redis.asyncio.Redis) -> None:
    await set_blend(redis_client, ("type", "family"), {"core": 0.9})
    fitted = Fitted(types={"family": {"core": 0.1}, "friend": {"core": 0.2}}, contacts={"telegram:1": {"core": 0.3}})
    book = await load_book(redis_client, fitted=fitted)
    assert resolve(book, "family", "telegram:1") == {"core": 0.9}
    assert resolve(book, "friend", "telegram:1") == {"core": 0.3}
    assert resolve(book, "friend", "telegram:2") == {"core": 0.2}


def test_the_picture_should_name_everybody_with_a_blend_and_who_chose_it() -> None:
    people = {("telegram:2", "discord:2"): ("Bo", "friend"), ("telegram:3",): ("Cy", "friend")}
    types, contacts = shown_types(BOOK), shown_contacts(BOOK, people)
    sources = {"family": "set", "friend": "fitted", "colleague": "default", "stranger": "set", "pal": "fitted"}
    assert {row.name: row.chosen.source for row in types} == sources
    assert [(row.name, row.who, row.chosen.source) for row in contacts] == [
        ("Bo", ("telegram:2",), "fitted"),
        ("telegram:1", ("telegram:1",), "set"),
    ]
    out = io.StringIO()
    draw(Console(file=out, width=120), [*types, *contacts], Fitted(figures={"friend": FIGURES}))
    (friend,) = [line for line in out.getvalue().splitlines() if line.strip().startswith("friend")]
    # the heaviest blend of all (1.3) fills the 18 cells
    assert friend.count("█") == 18
    assert "core 0.6 + friend 0.7 fitted 3.900 → 3.700" in " ".join(friend.split())
    assert line_of(types[1]).startswith("friend       friend=0.7 core=0.6")


def test_a_weight_below_zero_should_be_shown_as_taken_away() -> None:
    out = io.StringIO()
    book = BlendBook({}, types={"friend": {"core": 1.0, "articles": -0.2}, "family": {}})
    draw(Console(file=out, width=120), shown_types(book), Fitted())
    assert "core 1 - articles 0.2" in out.getvalue()
    assert "the base model alone" in out.getvalue()


def test_show_should_print_one_object_that_says_who_chose_what(
    redis_url: str, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connect_blocking(redis_url).flushall()
    config = tmp_path / "config.toml"
    config.write_text(f'[redis]\nurl = "{redis_url}"\n')
    monkeypatch.setenv("SELFSAME_CONFIG", str(config))
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    home.contacts_file.write_text(
        '{"contacts": [{"name": "Bo", "type": "friend", "ids": ["telegram:2", "discord:2"]}]}'
    )
    change_fitted(
        home,
        lambda _: Fitted(
            types={"family": {"core": 0.7}},
            contacts={"telegram:2": {"core": 0.4}, "discord:2": {"core": 0.4}},
            figures={"family": FIGURES},
        ),
    )

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    with pytest.raises(ConfigError, match=r"`Bo` is a person, not a contact type → .* --contact telegram:2 core=1"):
        run("blend", "set", "Bo", "core=1")
    run("blend", "set", "friend", "core=1")
    shown = json.loads(run("blend", "show", "--json"))
    assert shown["types"] == {
        **{name: {"core": 0.5, name: 0.5} for name in ("colleague", "stranger")},
        "family": {"core": 0.7},
        "friend": {"core": 1.0},
    }
    sources = {"family": "fitted", "friend": "set", "colleague": "default", "stranger": "default"}
    assert shown["source"]["types"] == sources
    assert shown["contacts"] == {}, "what is set for the type wins over what was fitted to one of them"
    assert run("blend", "clear", "friend") == "friend: back to the default\n"
    shown = json.loads(run("blend", "show", "--json"))
    assert shown["source"]["contacts"] == {"telegram:2": "fitted", "discord:2": "fitted"}
    assert shown["figures"]["family"]["after"] == 3.7
    assert "core=0.7" in run("blend", "show")


def test_show_should_show_what_was_fitted_where_nothing_runs(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SELFSAME_CONFIG", raising=False)
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    change_fitted(home, lambda _: Fitted(types={"family": {"core": 0.7}}, figures={"family": FIGURES}))
    done = CliRunner().invoke(app, ["blend", "show", "--json"], catch_exceptions=False)
    shown = json.loads(done.stdout)
    assert (shown["types"]["family"], shown["source"]["types"]["family"]) == ({"core": 0.7}, "fitted")
    assert shown["source"]["types"]["friend"] == "default"
    assert "blends that you have set are not shown → selfsame up" in done.stderr
