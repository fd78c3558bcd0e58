"""Which tokens of a draft an edit objects to. Pure; knows token ids and no text.

A draft and what became of it have most words in common. If a whole draft became unlikely for one word of it, so would
what followed, its end included, and the clone would learn to go on where it should stop. So only what was changed is
held against it (as in SALT, Yao et al. 2023, Improving Summarization with Human Edits).
"""

from collections.abc import Sequence
from difflib import SequenceMatcher


def objected(draft: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Places in `draft` of what was taken out or replaced, and where something was put in, of what stood there instead;
    in order. All, where nothing is in common."""
    found: set[int] = set()
    for what, start, end, _, _ in SequenceMatcher(a=draft, b=wanted, autojunk=False).get_opcodes():
        if what == "insert" and start < len(draft):
            found.add(start)
        elif what in ("replace", "delete"):
            found.update(range(start, end))
    return sorted(found)
