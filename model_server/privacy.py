"""Whom and what a facet must leave out, as a mark that two moments can be compared by.

A mark is one short digest for each person excluded, each cut, each person forgotten and each word blocked: enough to
tell what came after a facet was trained, too little to name anybody. Knows the files of the home that say so and no
conversation.
"""

import hashlib
import json
from typing import Any

from model_server.errors import ConfigError
from model_server.home import Home


def privacy_mark(home: Home) -> str:
    """What is left out of training now. ConfigError when it cannot be known."""
    excluded = {str(one) for one in _entries(home, home.excluded_file, "senders")}
    his = [ids for ids in map(_ids, _entries(home, home.contacts_file, "contacts")) if excluded.intersection(ids)]
    parts = [*(("excluded", one) for one in excluded.union(*his))]
    parts += [("cut", cut) for cut in _entries(home, home.cuts_file, "cuts")]
    parts += [("forgotten", one) for one in _entries(home, home.forgotten_file, "digests")]
    parts += [("blocked", one) for one in _entries(home, home.blocked_file, "digests")]
    return " ".join(sorted({_digest(part) for part in parts}))


def left_to_forget(home: Home, mark: str) -> bool:
    """Whether something is to be left out now that was not when `mark` was made. What was taken back counts nothing."""
    return bool(set(privacy_mark(home).split()).difference(mark.split()))


def _entries(home: Home, path: Any, key: str) -> list[Any]:
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_text(encoding="utf-8")).get(key, [])
        if isinstance(entries, list):
            return entries
    except (ValueError, AttributeError):
        pass
    raise ConfigError(
        f"{path.relative_to(home.path)} is damaged", "mend it; without it nobody knows what must not be learned"
    )


def _ids(contact: Any) -> set[str]:
    return {str(one) for one in contact.get("ids", ())} if isinstance(contact, dict) else set()


def _digest(part: tuple[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(part, sort_keys=True).encode(), digest_size=5).hexdigest()
