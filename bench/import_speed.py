"""How fast a large export becomes the corpus here: read, scrubbed and sorted, in a process of its own.

    python -m bench.import_speed [--messages N] [--json] [--keep DIR] [--no-kill]

Writes a Telegram Desktop export of N messages (two years, 300 chats in English and Chinese, one chat with a third of
all; some e-mail addresses, numbers, links and keys), and a quarter of it to see whether memory grows with the file.
Messages a second count everything in the file, over the whole command and by stage; memory is the sum of the resident
sets of all processes, shared pages counted in each. Then the import is killed (SIGKILL) while it reads and while it
scrubs, and repeated: the corpus must be the same as that of an import nobody disturbed.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import psutil

CHATS = 300
OWNER = 500
_FIRST_S = 1_690_000_000
_TWO_YEARS_S = 2 * 365 * 86_400
_EVERY_S = 0.05

_ENGLISH = """
    the a I you we they it that this what when where how just really maybe still never always because so but and then
    later tomorrow tonight yesterday morning coffee train bike garden kitchen office meeting soup bread window rain
    going coming thinking looking waiting working reading cooking sleeping laughing sure fine good great tired happy
    early home there here back again soon yes no ok haha thanks sorry please think know want need like love call bring
"""
_CHINESE = """
    我 你 他 们 今 天 明 昨 晚 上 早 吃 饭 喝 茶 工 作 回 家 班 路 下 雨 气 不 错 好 的 知 道 觉 得 可 能 还 是 应 该 没
    有 什 么 时 候 在 哪 里 一 起 去 看 电 影 买 菜 做 睡 觉 累 了 开 心 哈 谢 再 见 等 马 到
"""
_COMMON, _HAN = _ENGLISH.split(), _CHINESE.split()
_SYLLABLES = ["ba", "ce", "di", "fo", "gu", "ha", "ki", "le", "mo", "nu", "pa", "ra", "se", "ti", "stra", "ment", "ing"]


def _vocabulary(common: list[str], pieces: list[str], size: int) -> tuple[list[str], list[float]]:
    """Words by how often they are said (Zipf's law): the common ones, then made-up ones of a few pieces."""
    dice = random.Random(3)
    made = ["".join(dice.choices(pieces, k=dice.randint(2, 4))) for _ in range(size - len(common))]
    return [*common, *made], list(accumulate(1 / (rank + 5) for rank in range(size)))


_WORDS = _vocabulary(_COMMON, _SYLLABLES, 12_000)
_HAN_WORDS = _vocabulary(_HAN, _HAN + [chr(0x4E00 + 7 * at) for at in range(900)], 12_000)
_FINDINGS = (
    lambda dice: f"mail me at {_word(dice)}.{_word(dice)}{dice.randrange(99)}@example.org",
    lambda dice: f"my number is +1 202-555-01{dice.randrange(100):02d}",
    lambda dice: f"我的手机号是1380013{dice.randrange(10_000):04d}",
    lambda dice: f"the code is {dice.randrange(1_000_000):06d}",
    lambda dice: f"look https://example.com/{_word(dice)}?token={dice.getrandbits(96):x}",
    lambda dice: f"router is at 192.168.1.{dice.randrange(255)}",
    lambda dice: f"card 4111 1111 1111 {dice.randrange(10_000):04d}",
    lambda dice: f"order {dice.randrange(10**9)} arrives at {dice.randrange(24)}:{dice.randrange(60):02d}",
    lambda dice: f"it costs {dice.randrange(200)},{dice.randrange(100):02d} euros",
    lambda dice: f"微信号 {_word(dice)}_{dice.randrange(10_000)}",
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Import speed on this machine.")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path, help="keep the exports here for the next time")
    parser.add_argument("--no-kill", action="store_true")
    parser.add_argument("--child", nargs=2, metavar=("HOME", "EXPORT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        run_child(Path(chosen.child[0]), Path(chosen.child[1]))
        return
    with tempfile.TemporaryDirectory() as directory:
        place = chosen.keep or Path(directory)
        place.mkdir(parents=True, exist_ok=True)
        results = []
        for messages in (chosen.messages // 4, chosen.messages):
            export = place / f"telegram-{messages}.json"
            if not export.exists():
                write_export(export, messages)
            results.append(measure(export, messages, Path(directory) / f"home-{messages}"))
            _show(chosen.json, results[-1])
        if not chosen.no_kill:
            small = chosen.messages // 4
            results.append(
                measure_killed(
                    place / f"telegram-{small}.json", Path(directory) / "killed", Path(directory) / f"home-{small}"
                )
            )
            _show(chosen.json, results[-1])
    if chosen.json:
        print(json.dumps({"cores": len(os.sched_getaffinity(0)), "results": results}))


def measure(export: Path, messages: int, home: Path) -> dict[str, Any]:
    """One import in a fresh home; and the same again, when there is nothing new."""
    started_s = time.perf_counter()
    child = _start(home, export)
    peak_bytes = _watch(child)
    wall_s = time.perf_counter() - started_s
    told = _told(child)
    again = _start(home, export)
    again_started_s = time.perf_counter()
    _watch(again)
    again_s = time.perf_counter() - again_started_s
    seconds = told["seconds"]
    return {
        "messages": messages,
        "megabytes": round(export.stat().st_size / 1e6),
        "lines": told["lines"],
        "messages_per_s": round(messages / wall_s),
        "by_stage": {stage: round(messages / max(took_s, 1e-3)) for stage, took_s in seconds.items()},
        "seconds": {"whole": round(wall_s, 1), **{stage: round(took_s, 1) for stage, took_s in seconds.items()}},
        "peak_megabytes": round(peak_bytes / 1e6),
        "again_s": round(again_s, 2),
        "scrubbed": told["scrubbed"],
    }


def measure_killed(export: Path, home: Path, undisturbed: Path) -> dict[str, Any]:
    """Kill an import while it reads and while it scrubs, then let it finish."""
    for stage in ("read", "scrub"):
        child = _start(home, export, subprocess.DEVNULL)  # who outlives it complains
        assert child.stdout
        for line in child.stdout:
            step = json.loads(line)
            if step.get("stage") == stage and step["done"] > step["total"] / 2:
                break
        child.send_signal(signal.SIGKILL)
        child.communicate()
    told = _told(_start(home, export))
    return {
        "killed": ["read", "scrub"],
        "lines": told["lines"],
        "added_by_the_last": told["added"],
        "same_corpus": corpus_digest(home) == corpus_digest(undisturbed),
    }


def corpus_digest(home: Path) -> str:
    """Of all lines in the corpus. Placeholders are keyed by home, so what was scrubbed counts only as scrubbed."""
    digest = hashlib.blake2b(digest_size=16)
    database = sqlite3.connect(home / "corpus" / "corpus.sqlite3")
    rows = database.execute(
        "SELECT chats.key, line_id, author, at_ms, sender, aside, iif(text LIKE '%[%', '', text) FROM lines"
        " JOIN chats ON chats.id = chat ORDER BY chats.key, line_id"
    )
    for row in rows:
        digest.update(repr(row).encode())
    database.close()
    return digest.hexdigest()


def run_child(home: Path, export: Path) -> None:
    """Import, telling each step and at last the report, a line of JSON each."""
    import msgspec

    from model_server.home import Home
    from training.importing import ImportOptions, import_everything

    last_s = 0.0

    def told(step: Any) -> None:
        nonlocal last_s
        if time.monotonic() - last_s > _EVERY_S:
            last_s = time.monotonic()
            print(json.dumps({"stage": step.stage, "done": step.done, "total": step.total}), flush=True)

    report = import_everything([export], Home(home), ImportOptions.of({}), told)
    kept = {name: getattr(report, name) for name in ("lines", "added", "seconds", "scrubbed")}
    print(json.dumps({"report": msgspec.to_builtins(kept)}), flush=True)


def write_export(path: Path, messages: int, seed: int = 7) -> None:
    """A full export of about so many messages, as Telegram Desktop writes it."""
    dice = random.Random(seed)
    shares = [messages // 3] + [messages * 2 // 3 // (CHATS - 1)] * (CHATS - 1)
    shares[-1] += messages - sum(shares)
    with path.open("w", encoding="utf-8") as out:
        out.write(f'{{"about": "x", "personal_information": {{"user_id": {OWNER}, "first_name": "Me"}},\n')
        out.write('"chats": {"about": "x", "list": [\n')
        for number, share in enumerate(shares):
            head = {"name": f"Contact {number}", "type": "personal_chat", "id": 1000 + number}
            if number % 25 == 24:
                head |= {"name": f"Group {number}", "type": "private_supergroup"}
            out.write(json.dumps(head)[:-1] + ', "messages": [\n')
            for at, message in enumerate(_messages(dice, 1000 + number, share, group=number % 25 == 24)):
                out.write((",\n" if at else "") + json.dumps(message, ensure_ascii=False, indent=1))
            out.write("]}" + (",\n" if number < CHATS - 1 else "\n"))
        out.write("]}}\n")


def _messages(dice: random.Random, contact: int, count: int, *, group: bool) -> Iterator[dict[str, Any]]:
    chinese = contact % 3 == 0
    senders = [OWNER, *range(contact, contact + (8 if group else 1))]
    sender = contact
    for number in range(count):
        at_s = _FIRST_S + _TWO_YEARS_S * number // count + dice.randrange(60)
        if dice.random() < 0.45:
            sender = dice.choice(senders)
        message: dict[str, Any] = {
            "id": number + 1,
            "type": "message",
            "date": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at_s)),
            "date_unixtime": str(at_s),
            "from": "Me" if sender == OWNER else f"Contact {sender - 1000}",
            "from_id": f"user{sender}",
        }
        luck = dice.random()
        if luck < 0.01:
            message |= {"type": "service", "action": "phone_call", "text": "", "text_entities": []}
        elif luck < 0.05:
            message |= {"photo": f"photos/photo_{number}.jpg", "width": 1280, "height": 720}
        text = "" if luck < 0.05 else _text(dice, chinese)
        message |= {"text": text, "text_entities": [{"type": "plain", "text": text}] if text else []}
        if dice.random() < 0.05 and number > 10:
            message["reply_to_message_id"] = number - dice.randrange(10)
        yield message


def _text(dice: random.Random, chinese: bool) -> str:
    if dice.random() < 0.02:
        return dice.choice(_FINDINGS)(dice)
    count = min(60, 1 + int(dice.expovariate(1 / 7)))
    words, weights = _HAN_WORDS if chinese else _WORDS
    return ("" if chinese else " ").join(dice.choices(words, cum_weights=weights, k=count))


def _word(dice: random.Random) -> str:
    return dice.choice(_COMMON).lower()


def _start(home: Path, export: Path, stderr: int | None = None) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.import_speed", "--child", str(home), str(export)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)


def _watch(child: "subprocess.Popen[str]") -> int:
    """The most memory that the child and its children held at once, in bytes, when it has ended."""
    peak_bytes = 0
    process = psutil.Process(child.pid)
    while child.poll() is None:
        held_bytes = 0
        try:
            for one in (process, *process.children(recursive=True)):
                held_bytes += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
        peak_bytes = max(peak_bytes, held_bytes)
        time.sleep(_EVERY_S)
    return peak_bytes


def _told(child: "subprocess.Popen[str]") -> dict[str, Any]:
    assert child.stdout
    lines = child.stdout.read().splitlines()
    assert child.wait() == 0, lines[-3:]
    report: dict[str, Any] = json.loads(lines[-1])["report"]
    return report


def _show(as_json: bool, result: dict[str, Any]) -> None:
    if not as_json:
        print(json.dumps(result, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
