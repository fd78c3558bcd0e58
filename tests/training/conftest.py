"""What commands do to their own process must not happen to that of the tests, in which they are run."""

import signal
from collections.abc import Iterator

import pytest

from training.facets import quiet


@pytest.fixture(autouse=True)
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No command makes the tests step back behind everybody, or changes how they end."""
    monkeypatch.setattr(quiet, "be_quiet", lambda _nice: None)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
