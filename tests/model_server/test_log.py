"""Logs should carry ids and milliseconds: no token, and no words of people, not even inside an exception."""

import json
import logging
import subprocess
import sys
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
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    home = Home(tmp_path).create()
    configure_logging("test", home, console=False)
    yield home
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
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


def test_a_dying_process_should_say_kind_and_place_only(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, pathlib; from model_server import home, log\n"
        "log.configure_logging('dying', home.Home(pathlib.Path(sys.argv[1])), console=False)\n"
        "async def fall(): raise ValueError('the xylographic quokka')\n"
        "async def main():\n"
        "    async with asyncio.TaskGroup() as group: group.create_task(fall())\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "flaw: ValueError < <string>:3\n"
    written = (tmp_path / "logs" / "dying.log").read_text()
    assert "ValueError < <string>:3" in written
    assert "quokka" not in written + done.stderr
