"""The blind vote: fair ballots, honest intervals, and nobody who sees what was not said to him."""

import itertools
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.blends import BlendBook
from model_server.config import FacetsConfig, ModelConfig, OwnerConfig
from model_server.contract import Blend, Line
from model_server.errors import ConfigError, CorpusError
from model_server.home import Home
from model_server.live_facets import facet_dir, make_live
from training.config import TrainingConfig
from training.contacts import Contact, write_contacts
from training.conversations import Session
from training.corpus import Corpus, CorpusChat, CorpusLine
from training.likeness.generated import Generated
from training.likeness.prompts import Prompt, all_prompts
from training.own.own_facets import own_name
from training.pipeline import Settings
from training.votes import preparing
from training.votes.ballots import (
    Ballot,
    Picked,
    Round,
    Shown,
    Vote,
    choice_of,
    share_out,
    still_open,
    tells_a_secret,
    tidy,
    visible,
)
from training.votes.invites import THE_OWNER, cast, digest_token, invite, revoke, seat, voter_of
from training.votes.preparing import prepare
from training.votes.rounds import plan
from training.votes.store import VoteBook, change_votes, forget_votes, read_votes, votes_dir
from training.votes.tally import choose_blend, is_current, more_votes, tally, wilson

BRAM, NOOR = "telegram:user1", "telegram:user2"
LIVE = {"core": "1", "friend": "1"}
FITTED = BlendBook(fitted_types={"friend": {"core": 0.7, "friend": 0.6}})
DAY_MS = 86_400_000
SETTINGS = Settings(OwnerConfig(name="Tilda"), ModelConfig(), FacetsConfig(), TrainingConfig(held_out=0.4))


def ballot(name: str = "b1", ids: Sequence[str] = (BRAM,), **changes: Any) -> Ballot:
    made = Ballot(name, "r", "friend", tuple(ids), "Bram", (Shown("contact", "hi"),), ("one", "two"), 1, True)
    return msgspec.structs.replace(made, **changes)


def votes(ours: int, rival: int, same: int = 0, round_id: str = "r", voter: str = "") -> list[Vote]:
    picked: list[Picked] = [*["ours"] * ours, *["rival"] * rival, *["same"] * same]  # type: ignore[list-item]
    return [Vote(f"{round_id}{voter}{at}", round_id, one, voter, at) for at, one in enumerate(picked)]


def a_round(round_id: str = "r", rival: Blend | None = None, **changes: Any) -> Round:
    made = Round(round_id, "friend", {"core": 0.5, "friend": 0.5}, rival, dict(LIVE), 1)
    return msgspec.structs.replace(made, **changes)


# tally


def test_an_interval_should_be_wilsons() -> None:
    assert wilson(15, 20) == pytest.approx((0.5313, 0.8881), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_an_interval_should_hold_its_share_and_be_the_mirror_of_the_others(counts: tuple[int, int]) -> None:
    wins, trials = counts
    low, high = wilson(wins, trials)
    assert 0 <= low < wins / trials + 1e-9 < high + 2e-9 <= 1 + 2e-9
    assert wilson(trials - wins, trials) == pytest.approx((1 - high, 1 - low))


def test_the_votes_that_are_missing_should_be_enough_if_the_share_stays() -> None:
    more = more_votes(6, 10)
    assert more is not None
    assert wilson(0.6 * (10 + more), 10 + more)[0] > 0.5
    assert wilson(0.6 * (9 + more), 9 + more)[0] <= 0.5
    assert more_votes(5, 10) is None
    assert more_votes(0, 0) == 10
    assert more_votes(4, 4) == 6


def test_a_handful_of_votes_should_choose_nothing() -> None:
    few = choose_blend(tally([a_round("c", {"core": 1.0})], [], votes(0, 9, round_id="c")))
    assert few is not None
    assert (few.blend, few.more) == (None, 1)


def test_ties_and_skips_should_not_count_as_wins() -> None:
    said = [*votes(3, 5, 2), Vote("s", "r", "skip", "", 1), *votes(1, 0, voter="friend")]
    (one,) = tally([a_round()], [ballot("b1"), ballot("s")], said)
    assert (one.ours, one.rival, one.same, one.decided, one.guests, one.voters) == (4, 5, 2, 9, 1, 2)
    assert one.open == 1, "what was skipped is not asked again"
    assert one.share == pytest.approx(5 / 9)
    assert one.winner == ""


def test_a_blend_should_be_chosen_only_when_the_interval_excludes_one_half() -> None:
    core = a_round("c", {"core": 1.0})
    even, won, lost = votes(8, 12, round_id="c"), votes(4, 16, round_id="c"), votes(16, 4, round_id="c")
    undecided = choose_blend(tally([core], [], even))
    assert undecided is not None
    assert undecided.blend is None
    assert undecided.more == more_votes(12, 20)
    chosen = choose_blend(tally([core], [], won))
    assert chosen is not None
    assert chosen.blend == {"core": 1.0}
    kept = choose_blend(tally([core], [], lost))
    assert kept is not None
    assert kept.blend == core.ours
    assert choose_blend(tally([a_round()], [], votes(0, 20))) is None, "the owner is no blend"
    other = a_round("o", {"friend": 1.0})
    both = choose_blend(tally([core, other], [], [*lost, *votes(5, 5, round_id="o")]))
    assert both is not None
    assert both.blend is None, "it has not won against each"


def test_votes_on_former_facets_or_blends_should_not_be_current() -> None:
    one = a_round()
    assert is_current(one, one.ours, LIVE)
    assert not is_current(one, {"core": 1.0}, LIVE)
    assert not is_current(one, one.ours, {**LIVE, "friend": "2"})


# ballots


def test_a_vote_should_be_for_who_stood_where_it_was_cast() -> None:
    ours_second = ballot()
    assert [choice_of(ours_second, one) for one in ("first", "second", "same", "skip")] == [
        "rival",
        "ours",
        "same",
        "skip",
    ]
    assert choice_of(ballot(ours=0), "first") == "ours"
    assert choice_of(ballot(ours=0), "second") == "rival"


def test_a_contact_should_see_only_what_was_said_to_him() -> None:
    mine, hers = ballot("mine"), ballot("hers", (NOOR,))
    shared, nobody = ballot("group", for_contact=False), ballot("nobody", ())
    merged = ballot("merged", (BRAM, NOOR))
    every = [mine, hers, shared, nobody, merged]
    assert visible(every, {BRAM}) == [mine], "not of her whom he was once taken for, either"
    assert visible(every, {BRAM, NOOR}) == sorted([mine, hers, merged], key=lambda one: one.ballot_id)
    assert len(visible(every, None)) == 5
    assert still_open([mine], [Vote("mine", "r", "skip", "x", 1)], "x") == []
    assert still_open([mine], [Vote("mine", "r", "ours", "x", 1)], "y") == [mine]


def prompts(count: int) -> list[Prompt]:
    lines = [Line(f"{at}", "contact" if at % 2 == 0 else "owner", f"text {at}", at * 1000) for at in range(2 * count)]
    session = Session("chat", "Bram", "friend", tuple(lines), contact_id=BRAM)
    return list(all_prompts([session], [session]))


def test_each_line_should_be_asked_once() -> None:
    """The same reply twice, beside two others, would tell which is whose."""
    found = prompts(9)
    blends, owner = share_out(found, [4, 3], lambda at, prompt: at == 1 or prompt is not found[0])
    assert (len(blends), len(owner)) == (4, 3)
    assert found[0] in owner
    assert not {id(one) for one in blends} & {id(one) for one in owner}


def test_only_words_should_tell_who_wrote() -> None:
    assert tidy("  hello \n\n there\n") == "hello\nthere"


@pytest.mark.parametrize(
    ("reply", "secret"),
    [("ok, 20 past 7", False), ("call 0612 345678", True), ("as you say: 0612345678", False), ("at [phone K]", True)],
)
def test_a_reply_that_tells_a_secret_should_be_known(reply: str, secret: bool) -> None:
    asked = [Shown("contact", "is it 0612 345678?")]
    assert tells_a_secret(reply, asked if "you say" in reply else []) is secret


# rounds


def test_the_blend_in_force_should_be_put_beside_another_and_the_owner() -> None:
    blends, owner = plan(FITTED, "friend", LIVE, "")
    assert blends.ours == owner.ours == {"core": 0.7, "friend": 0.6}
    assert blends.rival == {"core": 0.5, "friend": 0.5}
    assert owner.rival is None
    assert [one.rival for one in plan(BlendBook(), "friend", LIVE, "")] == [{"core": 1.0}, None]
    assert plan(FITTED, "friend", {**LIVE, "friend": "2"}, "")[0].round_id != blends.round_id
    assert plan(FITTED, "friend", LIVE, "default")[0].round_id == blends.round_id


@pytest.mark.parametrize(
    ("book", "against", "why"),
    [
        (BlendBook(), "default", "that very blend"),
        (FITTED, {"freind": 1.0}, "no facet that is live"),
        (FITTED, {own_name(NOOR): 1.0}, "one contact alone"),
    ],
)
def test_a_comparison_that_says_nothing_or_shows_too_much_should_be_refused(
    book: BlendBook, against: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        plan(book, "friend", LIVE, against)


# making ballots


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
    assert any("were wanted" in note for note in made.notes)
    with pytest.raises(CorpusError, match="no conversation with `family`"):
        prepare(SETTINGS, home, FITTED, "family")


def test_what_cannot_be_voted_on_should_be_counted_and_not_asked(home: Home, speaking: list[Speaking]) -> None:
    speaking.append(lambda prompt, _blend: "" if prompt.contact_id == BRAM else "the same")
    made = prepare(SETTINGS, home, FITTED, "friend", "core", ballots=5)
    (one,) = read_votes(home).rounds
    assert read_votes(home).ballots == ()
    assert one.identical + one.empty == 5
    assert min(one.identical, one.empty) > 0
    assert sum("have no ballot" in note for note in made.notes) == 2


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
    left = b"".join(path.read_bytes() for path in votes_dir(home).iterdir())
    assert NOOR.encode() not in left
    assert b"asks" not in left
    assert voter_of(home, token) is None


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
