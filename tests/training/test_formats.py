"""Every export should be known for what it is, by one format and no other."""

from pathlib import Path

import pytest

from model_server.errors import CorpusError
from training.importers.formats import FORMATS, check_name, choose
from training.importers.sources import FileSource

from .reading import FIXTURES

FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FIXTURES)))
def test_no_two_formats_should_claim_one_file(path: Path) -> None:
    sample = FileSource(path, str(path.relative_to(FIXTURES)), FIXTURES).sample()
    assert len([one.name for one in FORMATS if one.sniff(sample)]) <= 1


def test_every_format_should_have_a_name_of_its_own_and_a_fixture() -> None:
    names = [one.name for one in FORMATS]
    assert len(set(names)) == len(names)
    found = {known.name for path in FILES if (known := choose(FileSource(path, str(path), FIXTURES).sample()))}
    assert found == set(names)


def test_a_named_format_should_be_taken_without_a_look(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("anything")
    sample = FileSource(tmp_path / "x", "x", tmp_path).sample()
    assert choose(sample) is None
    for one in FORMATS:
        assert choose(sample, one.name) is one
    with pytest.raises(CorpusError, match="no format is called 'fax'"):
        check_name("fax")
