"""One import, or one forgetting, at a time in a home. Knows neither."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from model_server.errors import CorpusError
from model_server.home import Home


@contextlib.contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the raw store of a home; the lock falls with the process. CorpusError when somebody else holds it."""
    place = os.open(home.raw_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CorpusError(f"another import is at work in {home.path}", "wait for it, then repeat this") from None
        yield
    finally:
        os.close(place)
