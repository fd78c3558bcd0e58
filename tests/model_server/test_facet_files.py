"""Facets on disk: peft reads ours, we read peft's, anything else is refused with its reason, publishing is atomic."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from model_server.errors import FacetError
from model_server.facet_files import publish, read_facet, write_facet
from model_server.facets import FacetBank
from model_server.home import Home
from model_server.live_facets import facet_dir, read_live
from tests.model_server.random_facets import random_facet

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
IDS = torch.tensor([[1, 5, 9, 2, 7]])


def tiny() -> Any:
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4}
    return LlamaForCausalLM(LlamaConfig(vocab_size=64, num_key_value_heads=2, **shape)).eval()


@pytest.fixture
def tiny_bank() -> FacetBank:
    return FacetBank(tiny(), rank=4, slots=2, layers="all")


@pytest.fixture
def written(tiny_bank: FacetBank, tmp_path: Path) -> Path:
    write_facet(random_facet(tiny_bank, 1, rank=4, strength=0.3), tmp_path / "facet")
    return tmp_path / "facet"


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        out: torch.Tensor = model(IDS).logits
        return out


def test_peft_loads_ours(tiny_bank: FacetBank, written: Path) -> None:
    """Should compute the same with peft as with the bank."""
    tiny_bank.load("a", "1", read_facet(written))
    with tiny_bank.using({"a": 1.0}):
        ours = logits(tiny_bank.model)
    theirs = logits(PeftModel.from_pretrained(tiny(), written))
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert not torch.allclose(ours, logits(tiny()), atol=1e-2)


def test_we_load_what_peft_trained(tiny_bank: FacetBank, tmp_path: Path) -> None:
    """Should compute the same as the peft model that wrote it, scale and a smaller rank included."""
    config = LoraConfig(r=2, lora_alpha=6, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM")
    trained = get_peft_model(tiny(), config).eval()
    for name, parameter in trained.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    trained.save_pretrained(tmp_path)
    tiny_bank.load("a", "1", read_facet(tmp_path))
    with tiny_bank.using({"a": 1.0}):
        assert torch.allclose(logits(tiny_bank.model), logits(trained), atol=1e-5)


def test_a_slot_survives_the_way_to_disk_and_back(tiny_bank: FacetBank, tmp_path: Path) -> None:
    slot = tiny_bank.load("a", "1", random_facet(tiny_bank, 3, rank=4))
    write_facet(tiny_bank.read_slot(slot), tmp_path)
    tiny_bank.load("b", "1", read_facet(tmp_path))
    with tiny_bank.using({"a": 1.0}):
        one = logits(tiny_bank.model)
    with tiny_bank.using({"b": 1.0}):
        assert torch.allclose(logits(tiny_bank.model), one, atol=1e-6)


def edit(**changes: Any) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        path = directory / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return apply


def spoil(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        path = directory / "adapter_model.safetensors"
        tensors = load_file(path)
        change(tensors)
        save_file(tensors, path)

    return apply


def pickle_instead(directory: Path) -> None:
    (directory / "adapter_model.safetensors").rename(directory / "adapter_model.bin")


FIRST = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (edit(use_rslora=True), "use_rslora"),
        (edit(use_dora=True), "use_dora"),
        (edit(bias="all"), "biases"),
        (edit(modules_to_save=["lm_head"]), "modules_to_save"),
        (edit(rank_pattern={"q_proj": 2}), "rank_pattern"),
        (edit(peft_type="IA3"), "not a LoRA"),
        (edit(r=3), "rank 3"),
        (edit(r="4"), "not a number"),
        (pickle_instead, "pickled"),
        (spoil(lambda tensors: tensors.pop(FIRST)), "only one of its two"),
        (spoil(lambda tensors: tensors[FIRST].fill_(float("nan"))), "not finite"),
        (spoil(lambda tensors: tensors.update({"lm_head.weight": torch.zeros(1)})), "lm_head"),
        (lambda directory: (directory / "adapter_model.safetensors").write_bytes(b"\x08"), "cannot be read"),
        (lambda directory: (directory / "adapter_config.json").write_text("{"), "unreadable"),
    ],
)
def test_anything_but_plain_lora_is_refused(written: Path, harm: Callable[[Path], object], reason: str) -> None:
    read_facet(written)
    harm(written)
    with pytest.raises(FacetError, match=reason):
        read_facet(written)


def test_an_oversized_file_is_refused_unread(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_server.facet_files.LARGEST_FACET_BYTES", 100)
    with pytest.raises(FacetError, match="larger than"):
        read_facet(written)


def test_a_facet_of_another_shape_does_not_enter_the_bank(bank: FacetBank, written: Path, tiny_bank: FacetBank) -> None:
    with pytest.raises(FacetError, match="the bank does not"):
        bank.load("a", "1", read_facet(written))
    with pytest.raises(FacetError, match="rank 5, the bank 4"):
        tiny_bank.load("a", "1", random_facet(tiny_bank, 1, rank=5))
    assert bank.table.live() == tiny_bank.table.live() == {}


def test_publishing_makes_a_version_live_and_repeating_changes_nothing(written: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    assert read_live(home) == {}
    version = publish(home, "friend", written)
    assert publish(home, "friend", written) == version
    assert read_live(home) == {"friend": version}
    assert read_facet(facet_dir(home, "friend", version)).rank == 4
    spoil(lambda tensors: tensors[FIRST].add_(1.0))(written)
    newer = publish(home, "friend", written)
    assert newer != version
    assert read_live(home) == {"friend": newer}
    assert facet_dir(home, "friend", version).is_dir(), "running workers may still read the old version"
    assert [path.name for path in home.facets_dir.rglob(".*")] == [".publish.lock"], "nothing half-written"


def test_a_bad_facet_or_name_is_never_published(written: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    with pytest.raises(FacetError, match="no name"):
        publish(home, "../up", written)
    edit(use_dora=True)(written)
    with pytest.raises(FacetError, match="use_dora"):
        publish(home, "friend", written)
    assert read_live(home) == {}


def test_what_live_json_names_is_on_disk_before_it_is_named(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut too: each file and each directory entry is synced, and nothing is named before."""
    home = Home(tmp_path / "home").create()
    real, synced = os.fsync, list[tuple[int, bool]]()

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append((os.fstat(descriptor).st_ino, (home.facets_dir / "live.json").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    version = publish(home, "friend", written)
    before = {inode for inode, named in synced if not named}
    place = facet_dir(home, "friend", version)
    needed = [*place.iterdir(), place, place.parent, home.facets_dir]
    assert {path.stat().st_ino for path in needed} <= before
    assert synced[-1] == (home.facets_dir.stat().st_ino, True), "and the name itself"


@pytest.mark.parametrize("content", ["[]", "3", '"core"', "{", "\N{SNOWMAN}"])
def test_a_live_json_that_is_no_object_is_refused(tmp_path: Path, content: str) -> None:
    home = Home(tmp_path / "home").create()
    (home.facets_dir / "live.json").write_text(content)
    with pytest.raises(FacetError, match=r"live\.json cannot be read"):
        read_live(home)
