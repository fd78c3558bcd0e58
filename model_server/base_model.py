"""Load the base model and its tokenizer onto the device: the only place that reads weights of a base model.

Knows no chat, no facet and no engine. safetensors only; no code that comes with a model is ever run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from model_server.bundled import Progress, ensure_bundled
from model_server.config import ModelConfig
from model_server.errors import ModelError
from model_server.home import Home
from model_server.threads import settle_threads

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A causal LM in evaluation mode, its parameters frozen, and the tokenizer that belongs to it."""

    model: Any
    tokenizer: Any
    device: torch.device
    dtype: torch.dtype
    name: str


def load_base_model(config: ModelConfig, home: Home, progress: Progress = lambda _fraction, _what: None) -> BaseModel:
    """The model that `[model]` names: `bundled` (converted first if need be), a local directory, or a hub id.

    ModelError when it is missing, not in safetensors, without a chat template, or needs code of its own.
    """
    device = choose_device(config.device)
    dtype = choose_dtype(config.dtype, device)
    torch.set_num_threads(settle_threads(config.threads))
    transformers_logging.disable_progress_bar()
    source = str(ensure_bundled(home, progress)) if config.name == "bundled" else _find(config.name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype, use_safetensors=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _unusable(config.name, error) from error
    _check_template(config.name, tokenizer)
    model = model.to(device).eval().requires_grad_(False)
    return BaseModel(model=model, tokenizer=tokenizer, device=device, dtype=dtype, name=config.name)


def check_base_model(config: ModelConfig) -> None:
    """ModelError unless the named model (not the bundled one) is there and has a chat template. Loads no weights."""
    source = _find(config.name)
    try:
        AutoConfig.from_pretrained(source, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _unusable(config.name, error) from error
    _check_template(config.name, tokenizer)


def choose_device(named: str) -> torch.device:
    """The configured device; `auto`: CUDA when there is one, else the CPU. ModelError when it cannot be had."""
    if named == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(named)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ModelError(f"[model] device `{named}` cannot be used here", 'set device = "auto" or "cpu"') from error
    return device


def choose_dtype(named: str, device: torch.device) -> torch.dtype:
    """The configured dtype; `auto`: bfloat16 on CUDA, float32 elsewhere."""
    if named == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if named not in _DTYPES:
        raise ModelError(f"[model] dtype `{named}` is unknown", f"one of: auto, {', '.join(_DTYPES)}")
    return _DTYPES[named]


def _check_template(name: str, tokenizer: Any) -> None:
    if not tokenizer.chat_template:
        raise ModelError(f"{name} has no chat template", "use an instruct or chat variant of the model")


def _find(name: str) -> str:
    """A directory that holds safetensors, or a hub id as it stands."""
    path = Path(name).expanduser()
    if not path.is_dir():
        if path.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
            raise ModelError(f"the model directory {name} does not exist", "correct `name` in [model] of config.toml")
        return name
    if not (path / "config.json").is_file():
        raise ModelError(f"{name} holds no config.json", "name the directory of a transformers model")
    if not any(path.glob("*.safetensors")):
        raise ModelError(f"{name} holds no safetensors", "convert it with save_pretrained; other formats are not read")
    return str(path)


def _unusable(name: str, error: Exception) -> ModelError:
    text = str(error)
    if "safetensors" in text and not isinstance(error, ImportError):
        return ModelError(f"{name} has no safetensors that can be read", "choose a model published in safetensors")
    if "trust_remote_code" in text:
        return ModelError(f"{name} needs code of its own, which is never run", "choose a model transformers knows")
    if isinstance(error, OSError):
        return ModelError(
            f"{name} is neither on this machine nor can it be fetched",
            "check the name and the network, or download it and name its directory",
        )
    return ModelError(f"{name} is not a causal LM that transformers can load", "choose another model in [model]")
