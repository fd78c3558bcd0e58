"""The bundled model for tests: converted once a clone, loaded once a session; torch is imported only when asked for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from model_server.home import Home

if TYPE_CHECKING:
    from model_server.base_model import BaseModel
    from model_server.facets import FacetBank


@pytest.fixture(scope="session")
def model_home() -> Home:
    """A home that holds the converted bundled model (and nothing else that lasts): `SELFSAME_TEST_CACHE` or .cache/."""
    cache = os.environ.get("SELFSAME_TEST_CACHE") or Path(__file__).resolve().parent.parent / ".cache"
    return Home(Path(cache) / "test-home").create()


@pytest.fixture(scope="session")
def bundled(model_home: Home) -> "BaseModel":
    """The bundled model on the CPU, one thread. Wrap it with `bank`, and leave it as you found it."""
    from model_server.threads import settle_threads

    settle_threads(1)
    from model_server.base_model import load_base_model
    from model_server.config import ModelConfig

    return load_base_model(ModelConfig(device="cpu", dtype="float32", threads=1), model_home)


@pytest.fixture
def bank(bundled: "BaseModel") -> "Iterator[FacetBank]":
    """An empty bank around the bundled model: rank 8, six slots, top 5 layers."""
    from model_server.facets import FacetBank

    made = FacetBank(bundled.model, rank=8, slots=6, layers="top-5")
    yield made
    made.remove()
