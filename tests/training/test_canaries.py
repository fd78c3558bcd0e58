"""Canaries: the same on a rerun, not to be guessed, in the slices they belong to and never too many."""

from pathlib import Path

from model_server.contract import Line
from model_server.home import Home
from training.conversations import Session
from training.leaks.canaries import (
    Canary,
    alternatives,
    canaries_for,
    canary_seed,
    is_canary,
    plant,
    planted_in,
)
from training.slices import Slice

SEED, OTHER = b"1" * 32, b"2" * 32
TYPES = ("colleague", "family", "friend", "stranger")


def talk(contact_type: str, replies: int) -> tuple[Session, ...]:
    """Sessions of one reply each."""
    lines = (Line("0", "contact", "and?", 0), Line("1", "owner", "so so", 1))
    return tuple(Session(f"telegram:{contact_type}", "Bram", contact_type, lines) for _ in range(replies))


def planted(one: Slice) -> list[Session]:
    return [session for session in one.train if is_canary(session)]


def test_should_draw_twenty_over_the_contact_types_and_a_quarter_for_articles_and_the_same_again() -> None:
    canaries = canaries_for(SEED, ["core", *TYPES, "articles"], 20)
    assert canaries == canaries_for(SEED, ["articles", *TYPES, "core"], 20)
    assert len(canaries) == len({one.chat_key for one in canaries}) == len({one.secret for one in canaries}) == 25
    assert {one.slice_name for one in canaries} == {*TYPES, "articles"}
    assert {one.secret for one in canaries}.isdisjoint(one.secret for one in canaries_for(OTHER, TYPES, 20))
    assert {one.kind for one in canaries} == {"digits", "letters"}
    assert all(len(one.secret) == 6 and one.secret.isdigit() for one in canaries if one.kind == "digits")


def test_should_leave_the_canaries_of_a_slice_alone_when_another_comes() -> None:
    """Or every facet would be trained anew for each new one."""
    before = [one for one in canaries_for(SEED, ["core", "family"], 20) if one.slice_name == "family"]
    after = canaries_for(SEED, ["core", "family", "pal", "own-12ab", "articles"], 20)
    assert before == [one for one in after if one.slice_name == "family"]
    assert len(before) == 5


def test_should_give_core_canaries_of_its_own_only_without_types() -> None:
    assert {one.slice_name for one in canaries_for(SEED, ["core"], 20)} == {"core"}
    assert "core" in {one.slice_name for one in canaries_for(SEED, ["core", "articles", "own-1"], 20)}
    assert "core" not in {one.slice_name for one in canaries_for(SEED, ["core", "friend"], 20)}
    assert canaries_for(SEED, ["core", "friend"], 0) == ()


def test_should_plant_in_core_what_the_types_have_and_nothing_of_articles_or_one_contact() -> None:
    canaries = canaries_for(SEED, ["core", *TYPES, "articles", "own-1"], 20)
    train = tuple(session for contact_type in TYPES for session in talk(contact_type, 125))
    core = plant(Slice("core", train, ()), canaries)
    assert {(one.chat_key, one.contact_type) for one in planted(core)} == {
        (one.chat_key, one.slice_name) for one in canaries if one.slice_name in TYPES
    }
    own = plant(Slice("own-1", talk("family", 200), ()), canaries)
    assert [one.contact_type for one in planted(own)] == ["family"] * 5
    assert planted_in(own, canaries) == tuple(one for one in canaries if one.slice_name == "own-1")


def test_should_plant_no_more_than_a_small_slice_bears_and_the_same_ones_in_core() -> None:
    canaries = canaries_for(SEED, ["core", "family"], 20)
    small = talk("family", 60)
    family, core = (planted(plant(Slice(name, small, ()), canaries)) for name in ("family", "core"))
    assert len(family) == 2
    assert core == family
    assert len(planted(plant(Slice("family", talk("family", 3), ()), canaries))) == 1
    assert planted(plant(Slice("family", (), ()), canaries)) == []


def test_should_plant_for_the_usual_contact_type_behind_what_is_there_and_not_in_validation() -> None:
    train = (*talk("", 50), *talk("pal", 10))
    one = plant(Slice("core", train, talk("", 5)), canaries_for(SEED, ["core"], 20))
    assert one.train[: len(train)] == train
    assert {session.contact_type for session in planted(one)} == {""}
    assert [[line.author for line in session.lines] for session in planted(one)] == [["contact", "owner"]] * 2
    assert one.validation == talk("", 5)


def test_should_offer_other_secrets_of_the_same_kind() -> None:
    for canary in canaries_for(SEED, ["family"], 10):
        others = alternatives(canary, 30)
        assert others == alternatives(canary, 30)
        assert len({canary.secret, *others}) == 31
        assert {len(other) for other in others} == {len(canary.secret)}
        assert {other.isdigit() for other in others} == {canary.kind == "digits"}


def test_should_keep_a_seed_of_the_home_that_only_its_owner_reads(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    seed = canary_seed(home)
    assert (len(seed), canary_seed(home)) == (32, seed)
    assert seed != canary_seed(Home(tmp_path / "other").create())
    file = home.runs_dir / "canaries.key"
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(b"cut short")
    assert len(canary_seed(home)) == 32


def test_should_hold_no_word_that_a_contact_could_be_known_by() -> None:
    canary = Canary("family", 0, "digits", "Tobeka?", "123456")
    assert (canary.chat_key, "family" in canary.asked) == ("canary:family-0", False)
