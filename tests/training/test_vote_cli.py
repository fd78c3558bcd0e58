"""`selfsame vote`: from the keys of a terminal to a blend that is in force."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from model_server.blend_store import BLENDS
from model_server.errors import ConfigError, CorpusError
from model_server.home import Home
from model_server.live_facets import facet_dir, make_live
from model_server.redis_link import connect_blocking
from training.cli import app
from training.commands import vote_cli
from training.contacts import Contact, write_contacts
from training.votes.ballots import Ballot, Round, Shown, Vote
from training.votes.invites import voter_of
from training.votes.store import VoteBook, change_votes, read_votes, votes_dir

BRAM = Contact("Bram", "friend", ("telegram:user1",))
OURS = {"core": 0.5, "friend": 0.5}
ROUNDS = (
    Round("o", "friend", OURS, None, {"core": "1", "friend": "1"}, 2),
    Round("c", "friend", OURS, {"core": 1.0}, {"core": "1", "friend": "1"}, 1),
)


@pytest.fixture
def home(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Three ballots of a friend's, the blend in force always second."""
    home = Home(tmp_path / "home").create()
    config = tmp_path / "config.toml"
    config.write_text(f'[redis]\nurl = "{redis_url}"\n')
    monkeypatch.setenv("SELFSAME_HOME", str(home.path))
    monkeypatch.setenv("SELFSAME_CONFIG", str(config))
    client = connect_blocking(redis_url)
    client.flushall()
    client.close()
    for name in ("core", "friend"):
        facet_dir(home, name, "1").mkdir(parents=True)
        make_live(home, name, "1")
    write_contacts(home, [BRAM])
    shown = (Shown("contact", "hi \x1b[2Jthere"),)
    ballots = tuple(
        Ballot(f"b{at}", "oc"[at % 2], "friend", BRAM.ids, "Bram", shown, ("yes", "no"), 1, True) for at in range(3)
    )
    change_votes(home, lambda _: VoteBook(rounds=ROUNDS, ballots=ballots))
    return home


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["vote", *arguments], catch_exceptions=False)


def test_should_ask_ballot_after_ballot_until_enough(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = iter("x1=q")
    monkeypatch.setattr(typer, "getchar", lambda: next(keys))
    with pytest.raises(CorpusError, match="vote serve"):
        run()
    monkeypatch.setattr(vote_cli, "_is_terminal", lambda: True)
    done = run()
    assert "2 of 3 done" in done.stdout
    assert "\x1b[2J" not in done.stdout, "what people wrote does not steer the terminal"
    assert [(one.ballot_id, one.picked, one.voter) for one in read_votes(home).votes] == [
        ("b0", "rival", ""),
        ("b1", "same", ""),
    ]
    assert "former" not in done.stderr


def test_should_say_before_the_first_question_what_will_not_count(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    facet_dir(home, "friend", "2").mkdir(parents=True)
    make_live(home, "friend", "2")
    monkeypatch.setattr(typer, "getchar", lambda: "q")
    monkeypatch.setattr(vote_cli, "_is_terminal", lambda: True)
    assert "3 ballots of former facets or blends, which `vote apply` does not count" in run().stderr


def voted(home: Home, ours: int, rival: int, round_id: str = "c") -> None:
    said = [Vote(f"v{at}", round_id, "ours" if at < ours else "rival", "", at) for at in range(ours + rival)]
    change_votes(home, lambda book: VoteBook(rounds=book.rounds, votes=(*book.votes, *said)))


def blends(redis_url: str) -> dict[bytes, bytes]:
    client = connect_blocking(redis_url)
    try:
        found: dict[bytes, bytes] = client.hgetall(BLENDS)  # type: ignore[assignment]
    finally:
        client.close()
    return found


def test_should_put_the_winner_in_force_when_the_votes_are_sure(home: Home, redis_url: str) -> None:
    with pytest.raises(CorpusError, match="prepare --type family --against core"):
        run("apply", "family")
    voted(home, 8, 12)
    undecided = json.loads(run("apply", "friend", "--json").stdout)
    assert undecided["applied"] is False
    assert undecided["more"] > 0
    assert blends(redis_url) == {}
    voted(home, 0, 20)
    assert "core=1" in run("apply", "friend").stdout
    assert json.loads(blends(redis_url)[b"type:friend"]) == {"core": 1.0}
    with pytest.raises(CorpusError, match="no other blend was voted on"):
        run("apply", "friend")


def test_should_say_the_results_with_intervals_and_nobodys_words(home: Home) -> None:
    assert "nobody has voted yet" in run("results").stdout
    voted(home, 5, 15, "o")
    printed = run("results", "--json").stdout
    owner, core = json.loads(printed)["rounds"]
    assert (owner["against"], owner["wins_rival"], owner["share_rival"], owner["current"]) == ("owner", 15, 0.75, True)
    assert owner["ci"] == pytest.approx([0.5313, 0.8881], abs=1e-4)
    assert (core["against"], core["ci"]) == ("blend", None)
    assert "75%" in run("results").stdout


def test_should_invite_a_friend_and_take_it_back(home: Home) -> None:
    made = json.loads(run("invite", "bram", "--at", "https://votes.example.org/", "--json").stdout)
    assert made["link"].startswith("https://votes.example.org/v/")
    assert made["ballots"] == 3
    token = made["link"].rpartition("/")[2]
    assert voter_of(home, token) is not None
    assert "1 link taken back" in run("revoke", "Bram").stdout
    assert voter_of(home, token) is None
    change_votes(home, lambda _: VoteBook())
    with pytest.raises(CorpusError, match="no ballot is of a chat"):
        run("invite", "Bram")
    assert run("results").stdout == "no ballot is made yet → selfsame vote prepare\n"


def test_should_delete_the_words_of_who_left_before_anything_else(home: Home) -> None:
    home.excluded_file.write_text(json.dumps({"senders": BRAM.ids}))
    run("results")
    assert b"there" not in (votes_dir(home) / "votes.json").read_bytes()


def test_should_refuse_what_is_no_blend_before_it_loads_a_model(home: Home) -> None:
    with pytest.raises(ConfigError, match="is no weight"):
        run("prepare", "--against", "friends")
