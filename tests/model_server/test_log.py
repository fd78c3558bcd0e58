"""Logs should carry ids and milliseconds: no token, and no words of people, not even inside an exception."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from model_server.home import Home
from model_server.log import configure_logging, redact

TELEGRAM = "8123456789:AAHfgT0kR4mZ1xYwVuTsRqPoNmLkJiHgFeD"
DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz012345"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    home = Home(tmp_path).create()
    configure_logging("test", home, console=False)
    yield home
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def told(home: Home) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home.logs_dir / "test.log").read_text().splitlines()]


def test_should_write_one_json_line_an_event(home: Home) -> None:
    structlog.get_logger().info("answered", request_id="web:1:2", generate_ms=12)
    (event,) = told(home)
    assert (event["event"], event["request_id"], event["generate_ms"]) == ("answered", "web:1:2", 12)


@pytest.mark.parametrize("secret", [TELEGRAM, DISCORD, "redis://someone:hunter2@host/0"])
def test_should_blank_what_looks_like_a_token(home: Home, secret: str) -> None:
    structlog.get_logger().warning("link", url=f"https://api.example/bot{secret}/x")
    logging.getLogger("some.library").warning("calling %s", secret)
    written = (home.logs_dir / "test.log").read_text()
    assert written.count("[redacted]") == 2
    assert secret not in written
    assert "hunter2" not in written
    assert redact("nothing secret 12:30") == "nothing secret 12:30"


def test_should_keep_the_message_of_an_exception_out(home: Home) -> None:
    try:
        raise ValueError("did you hear about the xylographic quokka")
    except ValueError:
        structlog.get_logger().exception("failed", request_id="web:1:2")
        logging.getLogger("some.library").exception("oh no")
    ours, theirs = told(home)
    assert ours["flaw"].startswith("ValueError < test_log.py:")
    assert theirs["flaw"].startswith("ValueError < test_log.py:")
    assert "quokka" not in (home.logs_dir / "test.log").read_text()
