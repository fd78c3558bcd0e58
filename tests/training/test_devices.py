"""A training on several processes gives the facet of one."""

import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from model_server.facet_files import read_facet
from tests.training.small_model import small_stage, small_trainer
from training.cli import app
from training.facets.devices import Crew, gather_crew

ROOT = Path(__file__).resolve().parents[2]


def test_should_be_alone_without_a_launcher() -> None:
    rows = small_stage(2).rows
    with gather_crew() as crew:
        assert (crew.leads, crew.size, crew.add_up(2.5, ())) == (True, 1, 2.5)
        assert crew.share(rows) == rows


def test_should_share_out_everybody_s_rows() -> None:
    rows = small_stage(5).rows
    assert [*Crew(0, 2).share(rows), *Crew(1, 2).share(rows)] == [*rows[::2], *rows[1::2]]


def test_should_give_with_two_processes_the_facet_of_one(tmp_path: Path) -> None:
    """Five rows in steps of two: in the last step of each epoch the second process has nothing to add."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    together = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.training.small_model", str(tmp_path)],
            env=together | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            cwd=ROOT,
        )
        for rank in (0, 1)
    ]
    try:
        alone = small_trainer().train(small_stage(), tmp_path / "alone")
        assert [process.wait(120) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    both = read_facet(tmp_path / "facet")
    for layer, pair in alone.facet.pairs.items():
        torch.testing.assert_close(both.pairs[layer].a, pair.a, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(both.pairs[layer].b, pair.b, rtol=1e-5, atol=1e-6)
    assert float(max(pair.b.abs().max() for pair in alone.facet.pairs.values())) > 0.01


def test_a_process_that_follows_should_only_compute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads stdout of all processes finds one JSON object, and one bar stands on the terminal."""
    followed: list[Crew] = []
    monkeypatch.setenv("SELFSAME_HOME", str(tmp_path / "home"))
    (tmp_path / "config.toml").write_text("[training]\nthreads = 1\nnice = 0\n")
    monkeypatch.setenv("SELFSAME_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr("training.facets.devices.gather_crew", lambda: nullcontext(Crew(1, 2)))
    monkeypatch.setattr("training.facets.train_all.follow", lambda _settings, _home, crew: followed.append(crew))
    done = CliRunner().invoke(app, ["train", "--json"], catch_exceptions=False)
    assert (done.exit_code, done.output) == (0, "")
    assert [crew.rank for crew in followed] == [1]
