"""Ballots of a home: made of lines nobody trained on, seen by nobody they were not said to, gone with who leaves."""

import itertools
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model_server.config import FacetsConfig, ModelConfig, OwnerConfig
from model_server.contract import Blend
from model_server.errors import CorpusError
from model_server.home import Home
from model_server.live_facets import facet_dir, make_live
from training.config import TrainingConfig
from training.contacts import Contact, write_contacts
from training.corpus import Corpus, CorpusChat, CorpusLine
from training.likeness.generated import Generated
from training.likeness.prompts import Prompt
from training.pipeline import Settings
from training.votes import preparing
from training.votes.invites import THE_OWNER, cast, digest_token, invite, revoke, seat, voter_of
from training.votes.preparing import prepare
from training.votes.store import VoteBook, change_votes, drop_left_out, forget_votes, read_votes, votes_dir

from .test_votes import BRAM, FITTED, LIVE, NOOR, ballot

DAY_MS = 86_400_000
SETTINGS = Settings(OwnerConfig(name="Tilda"), ModelConfig(), FacetsConfig(), TrainingConfig(held_out=0.4))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Twelve days of chat with two friends, of whom one is met in a group too."""
    home = Home(tmp_path / "home").create()
    write_contacts(home, [Contact("Bram", "friend", (BRAM,)), Contact("Noor", "friend", (NOOR,))])
    for name in LIVE:
        facet_dir(home, name, "1").mkdir(parents=True)
        make_live(home, name, "1")
    with Corpus.open(home) as corpus:
        for who in (BRAM, NOOR):
            corpus.put_chat(CorpusChat(who, "personal", who, who))
            corpus.put_lines(who, [one for day in range(12) for one in exchange(who, day)])
        corpus.put_chat(CorpusChat("telegram:-5", "group", "Friends"))
        corpus.put_lines("telegram:-5", [one for day in range(12) for one in exchange(NOOR, day, to=NOOR)])
    return home


def exchange(who: str, day: int, to: str = "") -> list[CorpusLine]:
    at_ms, seq = day * DAY_MS, 2 * day
    return [
        CorpusLine(f"{seq}", "contact", f"{who} asks {day}{to}", at_ms, sender=who, seq=seq),
        CorpusLine(f"{seq + 1}", "owner", f"Real {day}\nmy dear", at_ms + 1000, to=to, seq=seq + 1),
    ]


Speaking = Callable[[Prompt, Blend], str]


@pytest.fixture
def speaking(monkeypatch: pytest.MonkeyPatch) -> list[Speaking]:
    """Replies by what is appended here, of a model that is not there."""
    said: list[Speaking] = [lambda prompt, blend: f"clone {blend['core']} {prompt.lines[-1].line_id}"]

    def generate(_whole: Any, _settings: Any, asked: Sequence[Prompt], blend_for: Any, *_: Any, **__: Any) -> Any:
        return [
            Generated(one.contact_type, one.contact_id, one.asked, one.real, said[-1](one, blend), "stop")
            for one in asked
            if (blend := blend_for(one.contact_type, one.contact_id))
        ]

    monkeypatch.setattr(preparing, "generate", generate)
    monkeypatch.setattr(preparing, "open_bank", lambda *_: SimpleNamespace(live=LIVE))
    return said


def test_ballots_should_be_made_of_held_out_lines_and_only_once(
    home: Home, speaking: list[Speaking], monkeypatch: pytest.MonkeyPatch
) -> None:
    lots = itertools.cycle((0, 1, 1))
    monkeypatch.setattr("secrets.randbelow", lambda _: next(lots))
    made = prepare(SETTINGS, home, FITTED, ballots=4)
    assert [count for _, count in made.added] == [4, 4]
    book = read_votes(home)
    for one in book.ballots:
        machine = one.replies[one.ours]
        other = one.replies[1 - one.ours]
        assert machine.startswith("clone 0.7")
        rival = next(each.rival for each in book.rounds if each.round_id == one.round_id)
        assert other.startswith("Real" if rival is None else "clone 0.5")
        assert int(one.context[-1].text.split()[2].removesuffix(NOOR)) >= 7, "nothing it was trained on"
    asked = [digest for one in book.rounds for digest in one.asked]
    assert len(set(asked)) == 8
    assert [one.ours for one in book.ballots] == [0, 1, 1, 0, 1, 1, 0, 1]
    again = prepare(SETTINGS, home, FITTED, ballots=4)
    assert again.added == ()
    assert read_votes(home) == book
    assert [count for _, count in prepare(SETTINGS, home, FITTED, ballots=6).added] == [2, 2]
    asked = [digest for one in read_votes(home).rounds for digest in one.asked]
    assert len(set(asked)) == len(asked) == 12
    directory = votes_dir(home)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "votes.json").stat().st_mode) == 0o600
    assert not (home.runs_dir / "votes").exists()


def test_lines_that_run_out_should_be_said(home: Home, speaking: list[Speaking]) -> None:
    made = prepare(SETTINGS, home, FITTED, "friend", "core", ballots=30)
    assert any("lines held out for another blend, 30 wanted" in note for note in made.notes)
    with pytest.raises(CorpusError, match="no conversation with `family`"):
        prepare(SETTINGS, home, FITTED, "family")


def test_what_cannot_be_voted_on_should_be_counted_and_not_asked(home: Home, speaking: list[Speaking]) -> None:
    speaking.append(lambda prompt, _blend: "" if prompt.contact_id == BRAM else "the same")
    made = prepare(SETTINGS, home, FITTED, "friend", "core", ballots=5)
    (one,) = read_votes(home).rounds
    assert read_votes(home).ballots == ()
    assert one.identical + one.empty == 5
    assert min(one.identical, one.empty) > 0
    assert sum("without a ballot" in note for note in made.notes) == 2


def test_a_contact_should_not_see_groups_or_what_the_clone_lets_slip_of_others(
    home: Home, speaking: list[Speaking]
) -> None:
    with Corpus.open(home) as corpus:
        secret = CorpusLine("s", "contact", "we meet behind the old mill on friday night", 1, sender=NOOR, seq=999)
        corpus.put_lines(NOOR, [secret])

    def slip(prompt: Prompt, blend: Blend) -> str:
        if int(prompt.lines[-1].line_id) >= 22 and blend["core"] == 0.7:
            return "We meet behind the old mill, ok?"
        return f"fine {blend['core']}"

    speaking.append(slip)
    prepare(SETTINGS, home, FITTED, ballots=12)
    found = read_votes(home).ballots
    groups = [one for one in found if one.context[-1].text.endswith(NOOR)]
    slipped = [one for one in found if any("mill" in reply for reply in one.replies)]
    assert groups
    assert slipped
    assert not any(one.for_contact for one in groups)
    assert {one.contact_ids for one in slipped} == {(BRAM,), (NOOR,)}
    assert {one.contact_ids for one in slipped if one.for_contact} <= {(NOOR,)}, "she said it herself"
    assert {one.contact_ids for one in found if one.for_contact} == {(BRAM,), (NOOR,)}


def test_who_has_a_blend_of_his_own_should_not_vote_on_that_of_his_type(home: Home, speaking: list[Speaking]) -> None:
    book = replace(FITTED, fitted_contacts={BRAM: {"core": 0.9}})
    prepare(SETTINGS, home, book, ballots=4)
    kept = read_votes(home)
    owner = {one.round_id for one in kept.rounds if one.rival is None}
    his = [one for one in kept.ballots if one.contact_ids == (BRAM,)]
    assert his
    assert {one.round_id for one in his} <= owner
    assert all(one.replies[one.ours].startswith("clone 0.9") for one in his)


def test_what_somebody_was_taken_out_of_should_be_read_no_more(home: Home, speaking: list[Speaking]) -> None:
    prepare(SETTINGS, home, FITTED, ballots=4)
    assert cast(home, THE_OWNER, read_votes(home).ballots[0].ballot_id, "first")
    home.excluded_file.write_text(f'{{"senders": ["{NOOR}"]}}')
    assert read_votes(home).ballots == ()
    assert len(read_votes(home).votes) == 1, "numbers stay"
    assert prepare(SETTINGS, home, FITTED, ballots=4).added
    assert {one.contact_ids for one in read_votes(home).ballots} == {(BRAM,)}


def test_a_forgotten_contact_should_leave_no_word(home: Home, speaking: list[Speaking]) -> None:
    prepare(SETTINGS, home, FITTED, ballots=4)
    token = invite(home, Contact("Noor", "friend", (NOOR,)), 1)
    forget_votes(home, (NOOR,))
    assert NOOR.encode() not in every_byte(home)
    assert b"asks" not in every_byte(home)
    assert voter_of(home, token) is None


def test_what_is_read_no_more_should_be_deleted_with_the_link_of_who_left(home: Home, speaking: list[Speaking]) -> None:
    assert not drop_left_out(home), "there is none"
    prepare(SETTINGS, home, FITTED, ballots=4)
    bram, noor = (invite(home, Contact(name, "friend", (who,)), 1) for name, who in (("Bram", BRAM), ("Noor", NOOR)))
    assert cast(home, THE_OWNER, read_votes(home).ballots[0].ballot_id, "first")
    assert not drop_left_out(home), "nobody has left"
    home.excluded_file.write_text(f'{{"senders": ["{NOOR}"]}}')
    assert NOOR.encode() in every_byte(home)
    assert drop_left_out(home)
    assert NOOR.encode() not in every_byte(home)
    assert b"asks" not in every_byte(home)
    assert voter_of(home, noor) is None
    assert voter_of(home, bram) is not None
    assert len(read_votes(home).votes) == 1, "numbers stay"
    assert not drop_left_out(home)


def every_byte(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in votes_dir(home).iterdir())


def test_two_preparations_at_once_should_not_ask_one_line_twice(home: Home, speaking: list[Speaking]) -> None:
    def meanwhile(prompt: Prompt, blend: Blend) -> str:
        with pytest.raises(CorpusError, match="being made in this home already → wait for it"):
            prepare(SETTINGS, home, FITTED, ballots=4)
        return f"clone {blend['core']} {prompt.lines[-1].line_id}"

    speaking.append(meanwhile)
    prepare(SETTINGS, home, FITTED, ballots=4)
    asked = [digest for one in read_votes(home).rounds for digest in one.asked]
    assert len(set(asked)) == len(asked) == 8


# voters


def test_a_link_should_show_one_contacts_ballots_until_it_ends(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    change_votes(home, lambda _: VoteBook(ballots=(ballot("mine"), ballot("hers", (NOOR,)))))
    bram = Contact("Bram", "friend", (BRAM,))
    token = invite(home, bram, days=1)
    assert token.encode() not in (votes_dir(home) / "votes.json").read_bytes()
    assert digest_token(token).encode() in (votes_dir(home) / "votes.json").read_bytes()
    guest = voter_of(home, token)
    assert guest is not None
    assert seat(home, guest).total == 1
    assert cast(home, guest, "mine", "second")
    assert not cast(home, guest, "hers", "second")
    assert cast(home, guest, "mine", "first"), "he thought again"
    assert [(one.ballot_id, one.picked) for one in read_votes(home).votes] == [("mine", "rival")]
    assert seat(home, guest).ballot is None
    again = voter_of(home, invite(home, bram, days=1))
    assert again == guest, "a second link is no second voice"
    monkeypatch.setattr("training.votes.invites._now_ms", lambda: 2**52)
    assert voter_of(home, token) is None
    monkeypatch.undo()
    assert voter_of(home, token) == guest
    assert revoke(home, bram) == 2
    assert voter_of(home, token) is None


def test_a_link_of_somebody_who_is_no_contact_any_more_should_be_dead(home: Home) -> None:
    token = invite(home, Contact("Bram", "friend", (BRAM,)), 1)
    write_contacts(home, [Contact("Noor", "friend", (NOOR,))])
    assert voter_of(home, token) is None
    assert voter_of(home, "") is None


def test_votes_that_cannot_be_read_should_say_what_to_do(home: Home) -> None:
    change_votes(home, lambda book: book)
    (votes_dir(home) / "votes.json").write_text("{")
    with pytest.raises(CorpusError, match="selfsame vote prepare"):
        read_votes(home)
    assert os.listdir(votes_dir(home))
