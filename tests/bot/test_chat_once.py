"""`selfsame chat --once` should print the reply alone, and say where the machine's own answers stand."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters import terminal_client
from adapters.terminal_client import OnceResult
from bot.cli import app

THERE = "the machine itself answers that, in the chat → "


@pytest.mark.parametrize(
    ("reply", "arguments", "out", "err"),
    [
        ("ok!", (), "ok!\n", ""),
        ("", ("--session", "s1"), "", f"{THERE}selfsame chat --as family --session s1\n"),
        ("", (), "", f"{THERE}--session NAME, to come back to it\n"),
    ],
)
def test_should_print_the_reply_alone(  # noqa: PLR0917
    reply: str, arguments: tuple[str, ...], out: str, err: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def once(*_: Any, **__: Any) -> OnceResult:
        return OnceResult(reply, "family", {}, "terminal:family-s1:1", 0, 1, "answered", "")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SELFSAME_CONFIG", "")
    monkeypatch.setenv("SELFSAME_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(terminal_client, "once", once)
    done = CliRunner().invoke(app, ["chat", "--as", "family", "--once", "/privacy", *arguments], catch_exceptions=False)
    assert (done.exit_code, done.stdout, done.stderr) == (0, out, err)
