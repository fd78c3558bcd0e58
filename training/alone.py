"""One at a time: a stage that two processes of a home must not run beside each other. Does not know what it does."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from model_server.errors import CorpusError
from model_server.home import Home


@contextmanager
def alone(home: Home, lock: str, what: str, hint: str) -> Iterator[None]:
    """Hold `runs/<lock>`; the kernel drops it with the process, however that ends. CorpusError while another does."""
    home.create()
    with (home.runs_dir / lock).open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CorpusError(what, hint) from None
        yield
