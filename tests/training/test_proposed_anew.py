"""What is proposed should rest on the corpus as it is, whoever completed it after an import was cut off."""

from pathlib import Path

import pytest

from model_server.home import Home
from training.contacts import read_contacts
from training.importing import ImportOptions, import_everything, propose_again
from training.people.proposals import read_proposals
from training.raw.lock import only_one
from training.raw.reading import Progress
from training.scrubbing import scrub_all

from .exports import full, talk, write
from .raw_homes import new_home

OPTIONS = ImportOptions.of({"owner": {"timezone": "Europe/Amsterdam"}})


class Killed(BaseException):
    """As if the process had died."""


def counted(home: Home) -> dict[str, tuple[int, int]]:
    proposals = read_proposals(home)
    found = ((contact.name, proposals.of(contact)) for contact in read_contacts(home))
    return {name: (one.lines, one.replies) for name, one in found}


@pytest.fixture
def cut_off(tmp_path: Path) -> Home:
    """A home that knows Mum, and an import of Bram that died before it scrubbed anything."""
    home = new_home(tmp_path)
    import_everything([write(tmp_path / "one.json", full(talk(1, 6, name="Mum")))], home, OPTIONS)

    def die(progress: Progress) -> None:
        if progress.stage in ("scrub", "repeats"):
            raise Killed

    with pytest.raises(Killed):
        import_everything([write(tmp_path / "two.json", full(talk(2, 40, name="Bram")))], home, OPTIONS, die)
    return home


def test_repeating_the_import_should_propose_for_everybody(cut_off: Home, tmp_path: Path) -> None:
    scrub_all(cut_off, OPTIONS.scrub)  # as `corpus scrub` did in earlier versions: nothing is new to the import
    import_everything([tmp_path / "two.json"], cut_off, OPTIONS)
    assert counted(cut_off) == {"Mum": (3, 3), "Bram": (20, 20)}


def test_completing_the_corpus_should_propose_for_everybody(cut_off: Home) -> None:
    with only_one(cut_off):
        scrub_all(cut_off, OPTIONS.scrub)
        propose_again(cut_off, OPTIONS)
    assert counted(cut_off) == {"Mum": (3, 3), "Bram": (20, 20)}
