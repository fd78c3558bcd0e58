"""Who was forgotten, as keyed digests of their ids: enough to keep them out of later imports, too little to name them.

Knows no store. A digest answers one question only: is this the id of somebody who was forgotten?
"""

import hashlib
from collections.abc import Iterable

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.mentions import Change, Known, ways_to_say, without_mentions
from training.private_file import replace_file
from training.raw.secret_key import lost_key, secret_key


class _ForgottenFile(msgspec.Struct, frozen=True):
    digests: tuple[str, ...] = ()
    key_check: str = ""
    """Tells the key they were made with from any other."""


class Forgotten:
    """The people of one home who were forgotten."""

    def __init__(self, key: bytes, digests: frozenset[str]) -> None:
        self._key = key
        self._digests = digests
        self._asked: dict[str, bool] = {}
        self._met: dict[str, Known] = {}

    def __contains__(self, person: object) -> bool:
        """Whether this is an id, or a handle (telephone number, e-mail address), of somebody who was forgotten."""
        if not self._digests or not isinstance(person, str):
            return False
        if (known := self._asked.get(person)) is None:
            known = self._asked[person] = _digest(self._key, person) in self._digests
        return known

    @classmethod
    def nobody(cls) -> "Forgotten":
        """Nobody was."""
        return cls(b"", frozenset())

    def meet(self, person: str, name: str, handles: Iterable[str] = ()) -> None:
        """Somebody who was forgotten is named in what is read now."""
        met = self._met.get(person, Known((person,)))
        self._met[person] = Known((person,), (*met.handles, *handles), (*met.names, name))

    def mentions(self, others: Iterable[str]) -> list[Change]:
        """What takes out the mentions of each who was met; `others`: the names of everybody else. Then none is met."""
        shared = ways_to_say(others) if self._met else frozenset()
        changes = [without_mentions(known, shared, self._key) for known in self._met.values()]
        self._met.clear()
        return changes


def read_forgotten(home: Home) -> Forgotten:
    """CorpusError when it cannot be known who was."""
    key = secret_key(home)
    return Forgotten(key, _read(home, key))


def add_forgotten(home: Home, people: Iterable[str]) -> None:
    """Remember these ids and handles, as digests. CorpusError when it cannot be known who was forgotten before."""
    key = secret_key(home)
    digests = _read(home, key) | {_digest(key, person) for person in people}
    file = _ForgottenFile(tuple(sorted(digests)), _check(key))
    replace_file(home.forgotten_file, msgspec.json.encode(file) + b"\n")


def _read(home: Home, key: bytes) -> frozenset[str]:
    path = home.forgotten_file
    if not path.exists():
        return frozenset()
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_ForgottenFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(
            f"{path} is damaged: {error}", "mend it; without it, people who were forgotten would be imported again"
        ) from None
    if file.key_check not in ("", _check(key)):  # "": written before there was a check
        raise lost_key(home.raw_dir / "key", "is another one")
    return frozenset(file.digests)


def _check(key: bytes) -> str:
    return hashlib.blake2b(digest_size=4, key=key, person=b"check").hexdigest()


def _digest(key: bytes, person: str) -> str:
    raw = person.casefold().encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=16, key=key, person=b"forgotten").hexdigest()
