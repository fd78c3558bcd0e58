"""Shows what the scrub does to a line, before and after: to the owner, on his terminal, and nowhere else.

Knows no terminal. Reads raw text, so nothing of what it gives may be written to disk.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from model_server.home import Home
from training.raw.store import RawStore
from training.scrub.config import ScrubConfig
from training.scrub.findings import Finding
from training.scrubbing import read_rules


@dataclass(frozen=True, slots=True)
class Explained:
    """One line: as it was written, as it is learned from, and what was found (offsets in `before`)."""

    chat: str
    before: str
    after: str
    findings: tuple[Finding, ...]


def explain_lines(home: Home, config: ScrubConfig, count: int) -> Iterator[Explained]:
    """Up to `count` lines in which something was found: of every kind about as many, as far as there are."""
    shown: Counter[str] = Counter()
    by_kind = max(1, count // 5)
    with RawStore.open(home) as store:
        scrubber = read_rules(home, store, config).scrubber()
        for chat in store.chats():
            before = ""
            for line in store.lines_after(chat.key, 0):
                found = scrubber.scrub(line.text, before)
                before = line.text
                if any(shown[finding.kind] < by_kind for finding in found.findings):
                    shown.update(finding.kind for finding in found.findings)
                    yield Explained(chat.name, line.text, found.text, found.findings)
                    count -= 1
                    if not count:
                        return


def explain_text(home: Home, config: ScrubConfig, text: str) -> Explained:
    """What would become of this text."""
    with RawStore.open(home) as store:
        found = read_rules(home, store, config).scrubber().scrub(text)
    return Explained("", text, found.text, found.findings)
