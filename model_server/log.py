"""How every process logs: one JSON line an event, ids and milliseconds, to a file and (warnings) to the console.

Never text of people, never a token: a last filter blanks what looks like one, whoever logs it. Does not know who logs.
"""

import logging
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

from model_server.home import Home

_SECRETS = re.compile(
    r"\d{6,}:[A-Za-z0-9_-]{30,}"  # Telegram bot token
    r"|[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"  # Discord token
    r"|(?<=://)[^/\s@]*:[^/\s@]+(?=@)"  # user:password in a URL
)
_LARGEST_FILE_BYTES = 10_000_000

Event = MutableMapping[str, Any]


def redact(text: str) -> str:
    """`text` without anything shaped like a bot token or a password in a URL."""
    return _SECRETS.sub("[redacted]", text)


def configure_logging(process: str, home: Home, console: bool = True) -> None:
    """Send this process's events to `logs/<process>.log`, and warnings to stderr as readable lines."""
    home.logs_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared: list[Callable[..., Any]] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _place_of_error,
        _redact_event,
    ]
    to_file = RotatingFileHandler(home.logs_dir / f"{process}.log", maxBytes=_LARGEST_FILE_BYTES, backupCount=3)
    to_file.setFormatter(_formatter(shared, structlog.processors.JSONRenderer()))
    root = logging.getLogger()
    root.handlers[:] = [to_file]
    if console:
        to_console = logging.StreamHandler(sys.stderr)
        to_console.setLevel(logging.WARNING)
        to_console.setFormatter(_formatter(shared, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())))
        root.addHandler(to_console)
    root.setLevel(logging.INFO)
    sys.excepthook = _last_words  # the interpreter's own would print the message, and what people wrote with it
    # httpx logs URLs with the bot token at INFO; transformers' engine writes to the console by a handler of its own
    for chatty in ("httpx", "httpcore", "uvicorn.access", "apscheduler", "ContinuousBatchingLogger"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def flaw_of(error: BaseException) -> str:
    """Kind and place of an error. Never its message: that may quote what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join([type(error).__name__, *(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))])


def _formatter(shared: list[Callable[..., Any]], renderer: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redact_event, renderer],
    )


def _last_words(_kind: type[BaseException], error: BaseException, _trace: Any) -> None:
    """What a process that dies of a flaw says: kind and place, in its log and on one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    logging.getLogger(__name__).critical("died", exc_info=error)
    print(f"flaw: {flaw_of(error)}", file=sys.stderr)  # noqa: T201


def _place_of_error(_logger: Any, _method: str, event: Event) -> Event:
    """Stands where a traceback would: of our own events and of every library's."""
    told = event.pop("exc_info", None)
    error = sys.exc_info()[1] if told is True else told[1] if isinstance(told, tuple) else told
    if isinstance(error, BaseException):
        event["flaw"] = flaw_of(error)
    return event


def _redact_event(_logger: Any, _method: str, event: Event) -> Event:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
    return event
