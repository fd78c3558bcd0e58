"""How much the scrub finds, and how much of what it finds is private: 600 labelled chat lines, English and Chinese.

    python -m bench.scrub_quality [--set test|dev|all|second|third] [--misses] [--json] [--presidio]

The lines are of our own making (`bench/scrub_set`): half `dev`, looked at while detectors were written, half `test`,
written before and never tuned on. A `second` set of 200 lines (100 English, 80 Chinese, 20 in four other languages) was
written by somebody else, who had seen no detector and, of the halves, one line for its format. It was unseen in its
first run only: the detectors were mended by it afterwards, so it is told apart and is in no other figure. A `third`
set of 200 (110 English, 90 Chinese) was written in the same way by somebody else again, and is in no other figure.

What is private is marked in the line, `⟦phone:13900001234⟧`; a third of the lines holds nothing private and much that
looks so (orders, times, prices, scores, ids of games). `¦` in a key stands for nothing: it keeps scanners of
repositories from taking an invented key for a real one. In web addresses only the secret part is marked. A finding is
right when it has the kind of a mark, covers it, and takes little besides (an address: when they share six tenths of
both together). `removed`: marks that went, under whatever kind.
"""

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from model_server.placeholders import Kind
from training.scrub.config import ScrubConfig
from training.scrub.scrubber import Scrubber

SETS = Path(__file__).parent / "scrub_set"
_MAIN = ("en", "zh")
FREE = ("address", "password")
"""Kinds without a shape of their own; all others are structured."""
_MARK = re.compile(r"⟦([a-z]+):([^⟧]*)⟧")
Span = tuple[Kind, int, int]


@dataclass(frozen=True)
class Labelled:
    """A line, the one before it, and what is private in it."""

    lang: str
    text: str
    before: str
    spans: tuple[Span, ...]


def read_set(name: str) -> list[Labelled]:
    return [_labelled(json.loads(row)) for row in (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def _labelled(row: dict[str, str]) -> Labelled:
    text, spans, at = "", list[Span](), 0
    line = row["line"].replace("¦", "")
    for mark in _MARK.finditer(line):
        text += line[at : mark.start()]
        kind = next(kind for kind in get_args(Kind) if kind == mark.group(1))
        spans.append((kind, len(text), len(text) + len(mark.group(2))))
        text += mark.group(2)
        at = mark.end()
    return Labelled(row["lang"], text + line[at:], _MARK.sub(r"\2", row.get("before", "")), tuple(spans))


def is_right(found: Span, label: Span) -> bool:
    """Whether a finding is the thing that was marked."""
    kind, start, end = found
    if kind != label[0]:
        return False
    shared = min(end, label[2]) - max(start, label[1])
    if kind == "address":
        return shared >= 0.6 * (max(end, label[2]) - min(start, label[1]))
    return start <= label[1] and end >= label[2] and end - start <= 1.5 * (label[2] - label[1]) + 2


class Tally:
    """Counts by (language, kind)."""

    def __init__(self) -> None:
        self.labels, self.hit, self.removed = (
            Counter[tuple[str, str]](),
            Counter[tuple[str, str]](),
            Counter[tuple[str, str]](),
        )
        self.found, self.right = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        self.misses: list[str] = []

    def add(self, line: Labelled, found: Sequence[Span]) -> None:
        gone = {place for _, start, end in found for place in range(start, end)}
        for label in line.spans:
            key = (line.lang, label[0])
            self.labels[key] += 1
            self.hit[key] += (hit := any(is_right(one, label) for one in found))
            self.removed[key] += all(place in gone or line.text[place] == " " for place in range(label[1], label[2]))
            if not hit:
                self.misses.append(f"missed {label[0]:9} {line.text[label[1] : label[2]]!r} in {line.text!r}")
        for one in found:
            key = (line.lang, one[0])
            self.found[key] += 1
            self.right[key] += (right := any(is_right(one, label) for label in line.spans))
            if not right:
                self.misses.append(f"wrong  {one[0]:9} {line.text[one[1] : one[2]]!r} in {line.text!r}")

    def figures(self, lang: str, kinds: Sequence[str]) -> dict[str, Any]:
        def total(counts: Counter[tuple[str, str]]) -> int:
            return sum(
                count
                for (where, kind), count in counts.items()
                if kind in kinds and lang in ("all", where if where in _MAIN else "other")
            )

        labels, found = total(self.labels), total(self.found)
        return {
            "labels": labels,
            "recall": round(total(self.hit) / labels, 3) if labels else None,
            "removed": round(total(self.removed) / labels, 3) if labels else None,
            "found": found,
            "precision": round(total(self.right) / found, 3) if found else None,
        }


def tally(lines: Sequence[Labelled], find: Callable[[Labelled], Sequence[Span]]) -> Tally:
    counted = Tally()
    for line in lines:
        counted.add(line, find(line))
    return counted


def ours(line: Labelled) -> list[Span]:
    return [(found.kind, found.start, found.end) for found in _SCRUBBER.scrub(line.text, line.before).findings]


_SCRUBBER = Scrubber(ScrubConfig(), [], b"the key of a bench")


def report(counted: Tally) -> dict[str, dict[str, dict[str, Any]]]:
    kinds = sorted({kind for _, kind in (*counted.labels, *counted.found)})
    groups = {"structured": [kind for kind in kinds if kind not in FREE], "free": list(FREE)} | {
        kind: [kind] for kind in kinds
    }
    return {
        name: {lang: counted.figures(lang, group) for lang in ("all", *_MAIN, "other")}
        for name, group in groups.items()
    }


def speed(lines: Sequence[Labelled]) -> dict[str, float]:
    """Microseconds a line: those of the set, and short ones without anything private, as most of a chat is."""
    clean = [
        "ok see you there then",
        "haha no way",
        "好的那就这样吧",
        "我到家了你呢",
        "did you feed the cat?",
        "晚安啦早点睡",
    ] * 50
    return {"set_us": _us(lines), "clean_us": _us([Labelled("", text, "", ()) for text in clean])}


def _us(lines: Sequence[Labelled]) -> float:
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for line in lines:
            _SCRUBBER.scrub(line.text, line.before)
        best = min(best, time.perf_counter() - began)
    return round(best / len(lines) * 1e6, 1)


_PRESIDIO: dict[str, Kind] = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "CRYPTO": "wallet",
    "US_SSN": "id",
    "UK_NHS": "id",
    "UK_NINO": "id",
    "ES_NIF": "id",
    "US_PASSPORT": "passport",
    "MAC_ADDRESS": "mac",
}


def presidio() -> Callable[[Labelled], list[Span]]:
    """Presidio's pattern recognisers over the same lines (wants `presidio-analyzer`; no dependency of ours)."""
    import importlib

    try:
        registry = importlib.import_module("presidio_analyzer").RecognizerRegistry()
    except ImportError:
        raise SystemExit(
            "Presidio is not installed → pip install presidio-analyzer, in an environment of its own"
        ) from None
    registry.load_predefined_recognizers(languages=["en"])
    patterns = [one for one in registry.recognizers if set(one.supported_entities) & set(_PRESIDIO)]

    def find(line: Labelled) -> list[Span]:
        def spans() -> Iterator[Span]:
            for one in patterns:
                for result in one.analyze(line.text, one.supported_entities, None) or []:
                    if (kind := _PRESIDIO.get(result.entity_type)) and result.score >= 0.4:
                        yield kind, result.start, result.end

        return list(dict.fromkeys(spans()))

    return find


def main() -> None:
    parser = argparse.ArgumentParser(description="Recall and precision of the scrub on labelled chat lines.")
    parser.add_argument("--set", choices=("test", "dev", "all", "second", "third"), default="test")
    parser.add_argument("--misses", action="store_true", help="show what was missed and what was wrong")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--presidio", action="store_true", help="Presidio's patterns instead of ours")
    chosen = parser.parse_args()
    lines = read_set("dev") + read_set("test") if chosen.set == "all" else read_set(chosen.set)
    counted = tally(lines, presidio() if chosen.presidio else ours)
    figures, times = report(counted), speed(lines)
    if chosen.json:
        print(json.dumps({"set": chosen.set, "lines": len(lines), "figures": figures, "speed": times}))
        return
    empty = sum(not line.spans for line in lines)
    print(f"{_TITLES.get(chosen.set, chosen.set)}: {len(lines)} lines, {empty} of them with nothing private; {times}")
    print(f"{'':11}{'lang':>5}{'labels':>8}{'recall':>8}{'removed':>9}{'found':>7}{'precision':>11}")
    for name, by_lang in figures.items():
        for lang, one in by_lang.items():
            if one["labels"] or one["found"]:
                cells = (f"{one[key] if one[key] is not None else '-':>{width}}" for key, width in _COLUMNS)
                print(f"{name:11}{lang:>5}" + "".join(cells))
    if chosen.misses:
        print("\n".join(counted.misses))


_TITLES = {
    "second": "second (written by somebody else; seen since its first run)",
    "third": "third (written by somebody else, unseen)",
}
_COLUMNS = (("labels", 8), ("recall", 8), ("removed", 9), ("found", 7), ("precision", 11))

if __name__ == "__main__":
    main()
