"""Importers under coverage-guided fuzzing: `python -m bench.fuzz_importers --seconds 60`.

Every format is fuzzed in a process of its own, from its fixtures, for its share of the time. A format fails when it
raises anything but CorpusError, takes more than 10 s or 1 GiB for 64 KiB, or says more than it has read; the input is
kept in `.cache/fuzz/` and named. Wants atheris (the extra `fuzz`), whose wheels are for Linux.
"""

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
from datetime import UTC
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed → pip install '.[fuzz]'")

# only the process that fuzzes counts branches; the one that starts it needs the formats' names alone
with atheris.instrument_imports(["training.importers"]) if "--alone" in sys.argv else contextlib.nullcontext():
    from training.importers.base import Format, Reading
    from training.importers.formats import FORMATS
    from training.importers.source import MemorySource

import msgspec

from model_server.errors import CorpusError
from tests.training.reading import FIXTURES, fixture, replaced

ROOT = Path(__file__).parent.parent
KEPT = ROOT / ".cache/fuzz"
LONGEST_INPUT_BYTES = 1 << 16
_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_EDGES = re.compile(r"cov: (\d+)")
_KEPT = re.compile(r"Test unit written to (\S+)")


def seeds_of(form: Format) -> list[MemorySource]:
    """The fixtures that the format knows for its own."""
    names = (str(path.relative_to(FIXTURES)) for path in sorted(FIXTURES.rglob("*")) if path.is_file())
    return [source for source in map(fixture, names) if form.sniff(source.sample())]


def fuzz_one(name: str, seconds: int, seed: int) -> None:
    """Fuzz one format in this process, which libFuzzer ends. An input's first byte says which file it replaces: the
    source, or one that lies beside it."""
    form = next(one for one in FORMATS if one.name == name)
    seeds = seeds_of(form)
    like = seeds[0] if seeds else MemorySource("named.bin", b"")

    def run(content: bytes) -> None:
        which = content[0] % (len(like.siblings) + 1) if content else 0
        source = replaced(like, which, content[1:])
        there = source.size + sum(len(beside) for _, beside in source.siblings)
        events = []
        with contextlib.suppress(CorpusError):
            for event in form.read(source, Reading(UTC, "dmy")):
                events.append(event)
                if len(events) > 2 * source.size + 100:
                    raise AssertionError("more events than bytes")
        if len(msgspec.json.encode(events)) > 40 * there + 500 * len(events) + 10_000:
            raise AssertionError("more is said than was read")

    with tempfile.TemporaryDirectory() as corpus:
        files = [(0, source.content) for source in seeds]
        files += [(which, content) for which, (_, content) in enumerate(like.siblings, 1)]
        for number, (which, content) in enumerate(files):
            (Path(corpus) / str(number)).write_bytes(bytes((which % 256,)) + content[:LONGEST_INPUT_BYTES])
        limits = ["-timeout=10", "-rss_limit_mb=1024", f"-max_len={LONGEST_INPUT_BYTES}", f"-max_total_time={seconds}"]
        kept = f"-artifact_prefix={KEPT}/{name}-"
        atheris.Setup([sys.argv[0], *limits, kept, f"-seed={seed}", "-print_final_stats=1", corpus], run)
        atheris.Fuzz()


def main() -> None:
    """Fuzz each format for its share; exit 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="in all, shared by the formats")
    parser.add_argument("--format", action="append", help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--alone", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        fuzz_one(options.alone, options.seconds, options.seed)
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    names = options.format or [form.name for form in FORMATS]
    share_s = max(1, options.seconds // len(names))
    failed = False
    for name in names:
        command = [sys.executable, "-m", "bench.fuzz_importers", "--alone", name, "--seed", str(options.seed)]
        command += ["--seconds", str(share_s)]
        child = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace", cwd=ROOT)
        ran, edges, kept = (one.findall(child.stderr) for one in (_RUNS, _EDGES, _KEPT))
        ended = "ok" if child.returncode == 0 else f"FAILED: {kept[-1] if kept else child.stderr[-2000:]}"
        runs = int(ran[-1]) if ran else 0
        print(f"{name:22} {runs:>9,} runs {edges[-1] if edges else 0:>5} edges  {ended}", flush=True)
        failed |= child.returncode != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
