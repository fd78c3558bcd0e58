"""Facets on disk: plain LoRA in peft's safetensors layout, stored by version.

`facets/<name>/<version>/{adapter_config.json, adapter_model.safetensors}`; which of them is live is `live_facets`.
Knows no model and no bank: a facet here is pairs of thin matrices by the dotted name of the linear layer they sit on.
Anything but plain LoRA is refused with the reason. safetensors only; nothing in a facet is ever executed.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from model_server.errors import FacetError
from model_server.home import Home
from model_server.live_facets import check_facet_name, facet_dir, make_live, to_disk

LARGEST_FACET_BYTES = 2 * 1024**3
_CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_KEY = re.compile(re.escape(_PREFIX) + r"(?P<layer>.+)\.lora_(?P<half>[AB])\.weight")


@dataclass(frozen=True, slots=True)
class Pair:
    """One linear layer's LoRA: `a` [rank, d_in], `b` [d_out, rank]; adds `scale * b @ a @ x`."""

    a: torch.Tensor
    b: torch.Tensor


@dataclass(frozen=True, slots=True)
class Facet:
    """A whole LoRA: its pairs by layer name (`model.layers.29.mlp.down_proj`), rank, and scale (alpha / rank)."""

    pairs: Mapping[str, Pair]
    rank: int
    scale: float


def write_facet(facet: Facet, directory: Path, base_model: str = "") -> None:
    """Write a facet so that peft loads it too. The directory is made; an older facet in it is overwritten."""
    directory.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, torch.Tensor] = {}
    for layer, pair in facet.pairs.items():
        tensors[f"{_PREFIX}{layer}.lora_A.weight"] = pair.a.detach().to("cpu", torch.float32).contiguous()
        tensors[f"{_PREFIX}{layer}.lora_B.weight"] = pair.b.detach().to("cpu", torch.float32).contiguous()
    save_file(tensors, directory / _WEIGHTS, metadata={"format": "pt"})
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_model,
        "r": facet.rank,
        "lora_alpha": facet.scale * facet.rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "use_rslora": False,
        "use_dora": False,
        "modules_to_save": None,
        "inference_mode": True,
        "target_modules": sorted(facet.pairs),
    }
    (directory / _CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def read_facet(directory: Path) -> Facet:
    """Read a facet that we or peft wrote. FacetError, with the reason, for anything that is not plain LoRA."""
    config = _read_config(directory)
    rank = config.get("r")
    alpha = config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float):
        raise _refused(directory, "its rank or alpha is not a number")
    weights = directory / _WEIGHTS
    if not weights.is_file():
        raise _refused(directory, f"it has no {_WEIGHTS} (pickled weights are never read)")
    if weights.stat().st_size > LARGEST_FACET_BYTES:
        raise _refused(directory, f"its weights are larger than {LARGEST_FACET_BYTES} bytes")
    halves: dict[str, dict[str, torch.Tensor]] = {}
    try:
        with safe_open(weights, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 - not a mapping: it has keys() and cannot be iterated
                if (match := _KEY.fullmatch(key)) is None:
                    raise _refused(directory, f"it holds `{key}`, which is not part of a plain LoRA")
                halves.setdefault(match["layer"], {})[match["half"]] = file.get_tensor(key)
    except (SafetensorError, OSError) as error:
        raise _refused(directory, "its weights cannot be read") from error
    if not halves:
        raise _refused(directory, "it holds no weights")
    return Facet({layer: _pair(directory, layer, half, rank) for layer, half in halves.items()}, rank, alpha / rank)


def store_version(home: Home, name: str, directory: Path) -> str:
    """Copy a facet into the home and return its version: the digest of what it holds. It is not live by that.

    The version is there whole or not at all, after a power cut too. Storing the same weights again changes nothing.
    """
    check_facet_name(name)
    read_facet(directory)
    version = _digest(directory)
    place = facet_dir(home, name, version)
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.is_dir():
        unfinished = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
        for part in (_CONFIG, _WEIGHTS):
            shutil.copyfile(directory / part, unfinished / part)
            to_disk(unfinished / part)
        to_disk(unfinished)
        try:
            unfinished.rename(place)
        except OSError:
            shutil.rmtree(unfinished)
            if not place.is_dir():
                raise
    to_disk(place.parent)
    to_disk(home.facets_dir)
    return version


def publish(home: Home, name: str, directory: Path) -> str:
    """Store a facet and make it live, unjudged; its version. What `live.json` names is on disk before it is named."""
    version = store_version(home, name, directory)
    make_live(home, name, version)
    return version


def _read_config(directory: Path) -> dict[str, Any]:
    try:
        config = json.loads((directory / _CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refused(directory, f"its {_CONFIG} is missing or unreadable") from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise _refused(directory, "it is not a LoRA")
    for key in (
        "use_rslora",
        "use_dora",
        "modules_to_save",
        "rank_pattern",
        "alpha_pattern",
        "trainable_token_indices",
    ):
        if config.get(key):
            raise _refused(directory, f"it uses {key}")
    if config.get("bias", "none") != "none" or config.get("lora_bias"):
        raise _refused(directory, "it trains biases")
    return config


def _pair(directory: Path, layer: str, half: Mapping[str, torch.Tensor], rank: int) -> Pair:
    if half.keys() != {"A", "B"}:
        raise _refused(directory, f"`{layer}` has only one of its two matrices")
    a, b = half["A"], half["B"]
    if a.dim() != 2 or b.dim() != 2 or a.shape[0] != rank or b.shape[1] != rank:
        raise _refused(directory, f"`{layer}` does not have rank {rank}")
    if not (torch.isfinite(a).all() and torch.isfinite(b).all()):
        raise _refused(directory, f"`{layer}` holds numbers that are not finite")
    return Pair(a, b)


def _refused(directory: Path, reason: str) -> FacetError:
    return FacetError(f"the facet in {directory} is not one we serve: {reason}", "train it again as plain LoRA")


def _digest(directory: Path) -> str:
    digest = hashlib.blake2b(digest_size=6)
    for part in (_CONFIG, _WEIGHTS):
        with (directory / part).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
