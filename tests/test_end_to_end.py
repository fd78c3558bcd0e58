"""`selfsame up` should answer, all the way: terminal, Redis, worker, real model; and go on when a process is killed.

One instance for the whole module, in a home of its own, driven through the command line as a person would.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from model_server.home import Home

if TYPE_CHECKING:
    from model_server.base_model import BaseModel

ROOT = Path(__file__).parent.parent
STARTING_S = 90.0
NOTHING_RUNS: dict[str, Any] = {"workers": [], "ended": {}, "halted": False, "leaving": 0}


def within(seconds: float, condition: Any) -> Any:
    """The first true value of `condition()`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)
    return value


@dataclass
class Running:
    """A live instance and its owner's command line."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def home(self) -> Home:
        return Home((self.directory / ".selfsame").resolve())

    def selfsame(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot.cli", *arguments],
            cwd=self.directory,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def say(self, contact_type: str, text: str) -> dict[str, Any]:
        done = self.selfsame("chat", "--as", contact_type, "--once", text, "--json")
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def status(self) -> dict[str, Any]:
        done = self.selfsame("status", "--json")
        found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else NOTHING_RUNS
        return found

    def children(self, name: str) -> list[psutil.Process]:
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in below if name in " ".join(child.cmdline())]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SELFSAME_")}
    return {**kept, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def running(model_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    from model_server.bundled import ensure_bundled

    directory = tmp_path_factory.mktemp("instance")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (directory / "config.toml").write_text(
        f"""
        [owner]
        name = "Tilda Varnholt"
        [model]
        name = "{ensure_bundled(model_home)}"
        [engine]
        max_new_tokens = 24
        [turns]
        autoreply = "auto"
        autoreply_strangers = "auto"
        quiet_ms = 100
        [pacing]
        per_character_ms = 0
        [web]
        port = {port}
        """
    )
    with (directory / "up.out").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "up"], cwd=directory, env=environment(), stdout=output, stderr=output
        )
    instance = Running(directory, port, process)
    try:
        within(STARTING_S, lambda: process.poll() is not None or any(w["ready"] for w in instance.status()["workers"]))
        assert process.poll() is None, (directory / "up.out").read_text()
        yield instance
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def publish_random_facet(running: Running, bundled: "BaseModel", name: str, seed: int) -> str:
    from model_server.facet_files import publish, write_facet
    from model_server.facets import FacetBank
    from tests.model_server.random_facets import random_facet

    bank = FacetBank(bundled.model, rank=8, slots=1, layers="top-5")
    try:
        directory = running.directory / f"facet-{name}-{seed}"
        write_facet(random_facet(bank, seed, strength=0.01), directory)
    finally:
        bank.remove()
    return publish(running.home, name, directory)


def worker_has(running: Running, facets: dict[str, str]) -> bool:
    return any(facets.items() <= worker["facets"].items() for worker in running.status()["workers"])


@pytest.mark.parametrize("contact_type", ["family", "friend", "colleague", "stranger"])
def test_should_answer_every_contact_type(running: Running, contact_type: str) -> None:
    told = running.say(contact_type, "hello, how was your day?")
    assert told["state"] == "answered"
    assert told["reply"].strip()
    assert told["contact_type"] == contact_type
    assert told["blend"] == {}, "no facet is loaded: the base model answers, and says so"
    assert told["request_id"].startswith(f"terminal:{contact_type}")
    assert 0 < told["generate_ms"] <= told["total_ms"]


def test_should_take_in_a_facet_and_change_blends_between_two_messages(running: Running, bundled: "BaseModel") -> None:
    versions = {name: publish_random_facet(running, bundled, name, n) for n, name in enumerate(("core", "family"))}
    within(30, lambda: worker_has(running, versions))
    assert set(running.say("family", "did you eat?")["blend"]) == {"core", "family"}
    assert running.selfsame("blend", "set", "family", "core=0.25", "family=0.5").returncode == 0
    assert running.say("family", "did you eat?")["blend"] == {"core": 0.25, "family": 0.5}
    assert set(running.say("friend", "did you eat?")["blend"]) == {"core"}, "the friend facet is not there yet"
    misspelt = running.selfsame("blend", "set", "famly", "nope=1")
    assert "`famly` is a new contact type" in misspelt.stderr
    assert "no worker has a facet `nope` yet" in misspelt.stderr
    newer = {"family": publish_random_facet(running, bundled, "family", 7)}
    within(30, lambda: worker_has(running, newer))
    assert running.selfsame("blend", "clear", "family").returncode == 0
    assert running.say("family", "did you eat?")["blend"] != {"core": 0.25, "family": 0.5}


def test_should_serve_the_page_to_this_machine_only(running: Running) -> None:
    page = httpx.get(f"http://127.0.0.1:{running.port}/")
    assert page.status_code == 200
    assert "Tilda Varnholt" in page.text
    assert "A machine answers in Tilda" in page.text
    assert httpx.get(f"http://127.0.0.1:{running.port}/", headers={"Host": "evil.example"}).status_code >= 400


@pytest.mark.parametrize("victim", ["model_server", "-m bot", "redis-server"])
def test_should_answer_a_line_whose_process_was_killed(running: Running, victim: str) -> None:
    before = running.status()["ended"].get("answered", 0)
    # over the page: the visitor's line stays taken when the bot that took it dies
    page = f"http://127.0.0.1:{running.port}"
    with httpx.Client(base_url=page, headers={"Origin": page}) as visitor:
        visitor.get("/")
        taken = visitor.post("/api/lines", json={"text": "tell me about the sea", "line_id": "0f8fad5b-d9cb-469f-a165"})
        assert taken.status_code == 202
        (child,) = [child for child in running.children(victim) if "bot.cli" not in " ".join(child.cmdline())]
        child.kill()
        within(90, lambda: running.status()["ended"].get("answered", 0) == before + 1)
        assert running.status()["problems"] == []


def test_should_send_nothing_while_sending_is_halted(running: Running) -> None:
    before = running.status()["ended"].get("answered", 0)
    page = f"http://127.0.0.1:{running.port}"
    assert running.selfsame("halt").returncode == 0
    with httpx.Client(base_url=page, headers={"Origin": page}) as visitor:
        visitor.get("/")
        line = {"text": "hello there", "line_id": "1f8fad5b-d9cb-469f-a165"}
        assert visitor.post("/api/lines", json=line).status_code == 202
        within(60, lambda: (now := running.status())["halted"] and now["waiting_chats"] == 1)
        assert running.status()["requests"] == running.status()["leaving"] == 0, "nothing is even written"
        assert [said["author"] for said in visitor.get("/api/history").json()["lines"]] == ["contact"]
        assert running.selfsame("resume").returncode == 0
        within(60, lambda: running.status()["ended"].get("answered", 0) == before + 1)
        assert [said["author"] for said in visitor.get("/api/history").json()["lines"]][0:2] == ["contact", "persona"]


def test_should_keep_words_of_people_out_of_the_logs(running: Running) -> None:
    running.say("friend", "have you heard of the xylographic quokka?")
    told = b"".join(path.read_bytes() for path in running.home.logs_dir.iterdir())
    assert b"answered" in told
    assert b"quokka" not in told


def test_should_end_every_child_on_ctrl_c(running: Running) -> None:
    children = psutil.Process(running.process.pid).children(recursive=True)
    assert len(children) >= 3
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert len(gone) == len(children)
    assert not running.home.redis_socket.exists()
