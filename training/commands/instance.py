"""What long commands of training begin with: which instance they work on, how quietly, and under which blends.

Knows no command.
"""

import signal
from typing import TYPE_CHECKING

from model_server.blend_store import load_book
from model_server.blends import BlendBook, read_blends
from model_server.config import Document, RedisConfig, find_config, read_document, read_section
from model_server.errors import RedisUnavailable
from model_server.fitted import read_fitted
from model_server.home import Home, find_home
from model_server.redis_link import ask_instance, redis_url

if TYPE_CHECKING:
    from training.pipeline import Settings


def open_instance() -> tuple[Document, Home]:
    """The configuration that `--config` (or SELFSAME_CONFIG) names, and its home."""
    path = find_config()
    return read_document(path), find_home(path)


def settle(document: Document) -> "Settings":
    """The settings, and this process made a quiet neighbour: its threads (before torch is loaded) and its niceness.

    SIGTERM ends it as Ctrl-C does: what has been computed is kept, and the session is as quick again as it was.
    """
    from model_server.threads import settle_threads  # noqa: PLC0415 - `selfsame --help` must not load torch
    from training.config import TrainingConfig  # noqa: PLC0415
    from training.facets.quiet import be_quiet  # noqa: PLC0415

    config = read_section(document, "training", TrainingConfig)
    settle_threads(config.threads)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    be_quiet(config.nice)

    from training.pipeline import Settings  # noqa: PLC0415 - loads torch, which reads the number of threads then

    return Settings.read(document)


def blends_in_force(document: Document, home: Home) -> tuple[BlendBook, str]:
    """Every blend as it answers now, and what could not be seen of it ("": nothing).

    Blends that the owner set are kept by the instance that runs; where none runs, those fitted and configured are left.
    """
    defaults, fitted = read_blends(document), read_fitted(home)
    url = redis_url(read_section(document, "redis", RedisConfig), home)
    try:
        return ask_instance(url, lambda client: load_book(client, defaults, fitted)), ""
    except RedisUnavailable:
        book = BlendBook(defaults, fitted_types=fitted.types, fitted_contacts=fitted.contacts)
        has_run = home.redis_dir.is_dir() and any(home.redis_dir.iterdir())
        unseen = "nothing runs here, so blends you have set by `selfsame blend set` were not seen"
        return book, unseen if has_run else ""
