"""The key of a home is there whole or not at all, and none is made in the place of one that is lost."""

import os
from pathlib import Path

import pytest

from model_server.errors import CorpusError
from training.raw.forgotten import add_forgotten, read_forgotten
from training.raw.secret_key import secret_key

from .raw_homes import new_home

ANN = "telegram:user1"


@pytest.mark.parametrize("content", [None, b"", b"x" * 32])
def test_should_not_let_anybody_back_because_the_key_is_lost(tmp_path: Path, content: bytes | None) -> None:
    home = new_home(tmp_path)
    add_forgotten(home, [ANN])
    key = home.raw_dir / "key"
    whole = key.read_bytes()
    key.unlink()
    if content is not None:
        key.write_bytes(content)
    with pytest.raises(CorpusError, match=r"cannot be known who was forgotten.*forget everybody again"):
        read_forgotten(home)
    assert (key.read_bytes() if key.exists() else None) == content  # and no new one is made
    key.write_bytes(whole)
    assert ANN in read_forgotten(home)


def test_should_make_the_key_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException): ...

    def kill(_place: int) -> None:
        raise Killed

    home = new_home(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", kill)
        with pytest.raises(Killed):
            secret_key(home)
    assert not (home.raw_dir / "key").exists()
    assert secret_key(home) == secret_key(home)
    assert [path.name for path in home.raw_dir.iterdir()] == ["key"]
    assert (home.raw_dir / "key").stat().st_mode & 0o777 == 0o600
