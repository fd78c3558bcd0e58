"""The scrubber: one line in, the same line without what must not be learnt out. Pure, and the same in every process.

Knows no file, no chat and no corpus. What detectors find is taken in their order: the owner's own words first, then the
surer kind, and nothing is taken twice; but a blocked word inside something private goes with the whole of it. Equal
values get equal placeholders, wherever they stand, without anything being remembered: the letter is drawn by a keyed
digest of the value, so that nobody without the key can try values on it.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from model_server.placeholders import LETTERS, Kind, placeholder
from training.scrub.addresses import find_addresses
from training.scrub.addresses_chinese import find_chinese_addresses
from training.scrub.addresses_european import find_european_addresses
from training.scrub.addresses_japanese import find_japanese_addresses
from training.scrub.cards import find_cards, find_ibans
from training.scrub.codes import find_codes
from training.scrub.config import ScrubConfig
from training.scrub.emails import find_emails
from training.scrub.findings import Finding, Found, Scrubbed, View
from training.scrub.keys import find_keys
from training.scrub.links import find_link_secrets
from training.scrub.names import PersonName, all_spoken, means_a_name
from training.scrub.national_ids import find_national_ids
from training.scrub.network import find_machines
from training.scrub.passports import find_passports
from training.scrub.passwords import find_passwords
from training.scrub.phones import PhoneFinder
from training.scrub.phrases import Phrases
from training.scrub.plain import plain, small, view
from training.scrub.plates import find_plates
from training.scrub.wallets import find_wallets

Detector = Callable[[View], Iterable[Found]]

_SECRETS: tuple[Detector, ...] = (find_link_secrets, find_emails, find_keys, find_wallets)
_NUMBERS: tuple[Detector, ...] = (find_ibans, find_national_ids, find_cards, find_passports)
_PLACES: tuple[Detector, ...] = (
    find_machines,
    find_addresses,
    find_european_addresses,
    find_japanese_addresses,
    find_chinese_addresses,
)
_SAID: tuple[Detector, ...] = (find_codes, find_passwords, find_plates)
_WORDED: tuple[Detector, ...] = (find_link_secrets, find_emails, find_keys, find_passwords)
"""What may be found in a line without a digit and without an `@`."""

_SUSPICIOUS = re.compile("[0-9@]")
_NUMBER = re.compile(r"[0-9](?:[^0-9]{0,3}[0-9]){5}")
_STEMS = (
    *(
        "pass",
        "pw",
        "dot",
        "(at)",
        "[at]",
        "{at}",
        "phrase",
        "mnemonic",
        "clave",
        "contrasena",
        "mdp",
        "kennwort",
        "senha",
        "wachtwoord",
        "parola",
    ),
    *("private", "token", "key", "secret", "://"),
)
_OTHER_STEMS = re.compile("密|口令|暗号|助记|助記|contraseña|парол|hasło|şifre|lösen|mật|パス|비밀")


class Scrubber:
    """Scrubs lines by one configuration. Cheap to build, and so are its arguments to send to another process.

    `key`: 16 to 64 secret bytes of this home.
    """

    def __init__(self, config: ScrubConfig, names: Sequence[PersonName], key: bytes) -> None:
        self._key = key
        self._keep = frozenset(config.keep)
        self._blocked = Phrases(map(plain, config.block), any_case=True)
        self._initials = config.names == "initials"
        self._spoken = all_spoken(names) if config.names != "keep" else {}
        self._names = Phrases(self._spoken, any_case=True)
        phones = PhoneFinder(config.regions)
        blocked = (self._find_blocked,) if config.block else ()
        named = (self._find_names,) if self._spoken else ()
        self._phrases: tuple[Detector, ...] = (*blocked, *named)
        self._few: tuple[Detector, ...] = (*blocked, *_WORDED, *named)
        self._short: tuple[Detector, ...] = (*blocked, *_SECRETS, find_passports, *_PLACES, *_SAID, *named)
        self._all: tuple[Detector, ...] = (*(*blocked, *_SECRETS, *_NUMBERS, phones.find, *_PLACES, *_SAID, *named),)

    def scrub(self, text: str, before: str = "") -> Scrubbed:
        """A line of a chat. `before`: the line said before it, in which what follows may have been asked for."""
        made = plain(text)
        lower = small(made)
        detectors = self._detectors(made, lower)
        if not detectors:
            return Scrubbed(text)
        seen = view(made, lower, before)
        taken = bytearray(len(text))
        kept: dict[int, Found] = {}
        for detector in detectors:
            for found in detector(seen):
                if found.kind in self._keep:
                    continue
                if taken.find(1, found.start, found.end) >= 0:
                    inside = [kept[at] for at in range(found.start, found.end) if at in kept]
                    if not _swallows(found, inside, taken):
                        continue
                    for one in inside:
                        del kept[one.start]
                taken[found.start : found.end] = b"\1" * (found.end - found.start)
                kept[found.start] = found
        if not kept:
            return Scrubbed(text)
        ordered = [kept[start] for start in sorted(kept)]
        pieces: list[str] = []
        end = 0
        for found in ordered:
            pieces += (text[end : found.start], self._instead(found))
            end = found.end
        pieces.append(text[end:])
        return Scrubbed("".join(pieces), tuple(Finding(found.kind, found.start, found.end) for found in ordered))

    def letter(self, kind: Kind, value: str) -> str:
        """The letter of a value's placeholder."""
        raw = f"{kind}\x1f{value}".encode("utf-8", "surrogatepass")
        return LETTERS[int.from_bytes(hashlib.blake2b(raw, digest_size=8, key=self._key).digest()) % len(LETTERS)]

    def _detectors(self, made: str, lower: str) -> tuple[Detector, ...]:
        """Those that can find something here: most lines of a chat have no digit in them, or only a few."""
        if _SUSPICIOUS.search(made) is not None:
            return self._all if _NUMBER.search(made) is not None else self._short
        for stem in _STEMS:
            if stem in lower:
                return self._few
        if not made.isascii() and _OTHER_STEMS.search(lower) is not None:
            return self._few
        return self._phrases

    def _instead(self, found: Found) -> str:
        if found.kind == "name":
            name, way = self._spoken[found.value]
            if self._initials:
                return way.initials
            return placeholder("name", self.letter("name", name.person or name.name))
        return placeholder(found.kind, self.letter(found.kind, found.value))

    def _find_blocked(self, seen: View) -> Iterator[Found]:
        for at, phrase in self._blocked.find(seen.lower):
            yield Found("private", at, at + len(phrase), phrase)

    def _find_names(self, seen: View) -> Iterator[Found]:
        for at, phrase in self._names.find(seen.lower):
            if not self._spoken[phrase][1].word or means_a_name(seen.text, at, at + len(phrase)):
                yield Found("name", at, at + len(phrase), phrase)


def _swallows(found: Found, inside: Sequence[Found], taken: bytearray) -> bool:
    """Whether all that was taken of it are blocked words inside: the rest of it must not stay behind without them."""
    rest = taken.count(0, found.start, found.end)
    blocked = sum(one.end - one.start for one in inside if one.kind == "private" and one.end <= found.end)
    return rest > 0 and blocked + rest == found.end - found.start
