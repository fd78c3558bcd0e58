"""State that a crash or a disk has spoiled should count as none: the stage is done again."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from training.facets.checkpoint import Progressed, read_checkpoint, write_checkpoint
from training.manifest import Manifest, read_manifest, write_manifest

SPOILED = [b"", b"{", b"[]", b'{"stage": "\xff\xfe"}']


@pytest.mark.parametrize("content", SPOILED)
def test_should_read_a_spoiled_manifest_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.json"
    whole = Manifest("core", "abc", "v1", 1, 1, 2, 3, 2.0, 1.0, 4.0)
    write_manifest(path, whole)
    assert read_manifest(path) == whole
    path.write_bytes(content)
    assert read_manifest(path) is None


@pytest.mark.parametrize("content", [*SPOILED, (8).to_bytes(8, "little") + b'{"\xff\xfe": '])
def test_should_read_a_spoiled_checkpoint_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.safetensors"
    progressed = Progressed("abc", 1, 2, 1, 1.0, 2.0, 3.0)
    write_checkpoint(path, progressed, {"a": torch.ones(2)})
    assert (found := read_checkpoint(path, "abc")) is not None
    assert found[0] == progressed
    assert read_checkpoint(path, "another") is None
    path.write_bytes(content)
    assert read_checkpoint(path, "abc") is None


@pytest.mark.parametrize("written", ["{", "[]", '{"inputs": "abc"}', '{"inputs": "\\ud800"}'])
def test_should_read_a_checkpoint_of_another_shape_as_none(tmp_path: Path, written: str) -> None:
    path = tmp_path / "checkpoint.safetensors"
    save_file({"a": torch.ones(2)}, path, metadata={"progressed": written})
    assert read_checkpoint(path, "abc") is None
