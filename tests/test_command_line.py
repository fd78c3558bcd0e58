"""The command line should answer bad input with one line that names the next step, and change nothing."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def selfsame(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SELFSAME_")}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        cwd=cwd,
        env={**inherited, "PYTHONPATH": str(Path(__file__).parent.parent), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def written(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.mark.parametrize(
    ("toml", "arguments", "said"),
    [
        ("[web]\nprot = 1\n", ["up"], "unknown key `prot` in [web] → did you mean `port`?"),
        ("[wbe]\n", ["up"], "unknown section [wbe] → did you mean `web`?"),
        ("[web]\nport = 'x'\n", ["up"], "[web] port"),
        ("[web\n", ["up"], "not valid TOML"),
        ("[web]\nport = 99999\n", ["up"], "[web] port"),
        ("[turns]\nautoreply = 'always'\n", ["up"], "[turns] autoreply"),
        ("[engine]\ntemprature = 1\n", ["up"], "did you mean `temperature`?"),
        ("[blends.family]\ncore = 9\n", ["up"], "out of bounds"),
        ("[model]\nname = '/nowhere/at/all'\n", ["model", "prepare"], "/nowhere/at/all"),
        ("[model]\nname = 'nobody/no-such-model'\n", ["model", "prepare"], "no-such-model"),
        ("[redis]\nurl = 'unix:///nowhere/redis.sock'\n[web]\nenabled = false\n", ["redis"], "leave [redis] url empty"),
        ("", ["status"], "nothing runs here"),
        ("", ["halt"], "nothing runs here"),
        ("", ["chat", "--once", "hi"], "`selfsame up`"),
        ("", ["blend", "set", "family", "core=0.6"], "`selfsame up`"),
        ("", ["blend", "set", "family", "core=lots"], "core=lots"),
        ("", ["train"], "selfsame import"),
        ("", ["evaluate"], "selfsame import"),
        ("", ["import", "nowhere.json"], "nowhere.json"),
        ("", ["contacts", "set", "Nobody", "friend"], "Nobody"),
    ],
)
def test_should_say_in_one_line_what_to_do_next(tmp_path: Path, toml: str, arguments: list[str], said: str) -> None:
    (tmp_path / "config.toml").write_text(toml)
    done = selfsame(*arguments, cwd=tmp_path, HF_HUB_OFFLINE="1")
    assert done.returncode not in (0, None)
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert said in line
    assert " → " in line


def test_should_refuse_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    done = selfsame("--config", "mine.toml", "up", cwd=tmp_path)
    assert done.returncode == 1
    assert "mine.toml does not exist → copy config.example.toml" in done.stderr
    assert written(tmp_path) == []


def test_should_name_the_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "config.toml").write_text(f"[web]\nport = {port}\n")
        done = selfsame("up", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "another [web] port" in done.stderr


def test_should_leave_the_corpus_alone_when_an_export_is_truncated(tmp_path: Path) -> None:
    whole = (Path(__file__).parent.parent / "training" / "sample" / "result.json").read_bytes()
    (tmp_path / "half.json").write_bytes(whole[: len(whole) // 2])
    done = selfsame("import", "half.json", "--yes", cwd=tmp_path)
    assert done.returncode == 1
    assert "half.json" in done.stderr.splitlines()[-1]
    assert " → " in done.stderr.splitlines()[-1]
    assert [name for name in written(tmp_path / ".selfsame") if name.startswith("corpus/")] == []


def test_should_describe_every_command(tmp_path: Path) -> None:
    shown = selfsame("--help", cwd=tmp_path)
    assert shown.returncode == 0
    for command in (
        "demo",
        "up",
        "chat",
        "status",
        "halt",
        "drafts",
        "import",
        "contacts",
        "train",
        "evaluate",
        "blend",
        "model",
    ):
        assert command in shown.stdout
    assert written(tmp_path) == []


def test_should_print_one_json_object_for_an_import(tmp_path: Path) -> None:
    sample = Path(__file__).parent.parent / "training" / "sample" / "result.json"
    done = selfsame("import", str(sample), "--yes", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["replies"] >= 900
