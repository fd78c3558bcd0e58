"""Which facet, in which version, sits in which slot of the bank, and who still needs it. Torch-free bookkeeping.

A new version takes a free slot beside the old one; new requests lease the new slot, and the old one is free again when
the last request that leased it has ended: a running request is never disturbed.
"""

import hashlib
import struct
import threading
from dataclasses import dataclass

from model_server.blends import in_force
from model_server.contract import Blend
from model_server.errors import FacetError


@dataclass(frozen=True, slots=True)
class Lease:
    """What one request generates with, from its first token to its last."""

    gains: tuple[float, ...]
    """One weight per slot."""
    blend: Blend
    """What is in force (`blends.in_force`)."""
    versions: dict[str, str]
    salt: bytes
    """Content of the blend, 16 bytes: requests with equal salts compute equal keys and values for equal tokens."""


@dataclass(slots=True)
class _Slot:
    name: str
    version: str
    leases: int = 0
    retired: bool = False


class SlotTable:
    """The slots of one bank. Safe to call from several threads; one of them at a time puts facets in."""

    def __init__(self, slots: int) -> None:
        self._lock = threading.RLock()
        self._slots: list[_Slot | None] = [None] * slots

    def live(self) -> dict[str, str]:
        """Facet name -> version that new requests get."""
        return {slot.name: slot.version for slot in self._slots if slot is not None and not slot.retired}

    def used(self) -> int:
        """How many leading slots cover every loaded facet."""
        return max((at + 1 for at, slot in enumerate(self._slots) if slot is not None), default=0)

    def is_full(self) -> bool:
        """Whether a facet has to wait for a running request to end."""
        return all(slot is not None for slot in self._slots)

    def find_free(self) -> int:
        """The lowest free slot. FacetError when running requests hold them all: ask again when some have ended."""
        for at, slot in enumerate(self._slots):
            if slot is None:
                return at
        raise FacetError(
            f"all {len(self._slots)} slots of the bank are taken", "raise slots in [facets], or wait for replies to end"
        )

    def put(self, at: int, name: str, version: str) -> None:
        """A facet's weights now lie in the free slot `at`: make it the one new requests get."""
        with self._lock:
            assert self._slots[at] is None, at
            self.retire(name)
            self._slots[at] = _Slot(name, version)

    def retire(self, name: str) -> None:
        """No new request gets this facet; its slot is free when its last lease ends. No-op for an unknown name."""
        with self._lock:
            for slot in self._slots:
                if slot is not None and slot.name == name:
                    slot.retired = True
            self._sweep()

    def lease(self, blend: Blend) -> Lease:
        """Gains for a blend over the facets loaded now; each stays in its slot until `release`."""
        gains = [0.0] * len(self._slots)
        versions: dict[str, str] = {}
        with self._lock:
            weights = in_force(blend, self.live())
            for at, slot in enumerate(self._slots):
                if slot is not None and not slot.retired and slot.name in weights:
                    slot.leases += 1
                    gains[at], versions[slot.name] = weights[slot.name], slot.version
        return Lease(tuple(gains), weights, versions, salt_of(weights, versions))

    def release(self, lease: Lease) -> None:
        """The request has ended, however it ended."""
        with self._lock:
            for at, gain in enumerate(lease.gains):
                if gain and (slot := self._slots[at]) is not None:
                    slot.leases -= 1
                    assert slot.leases >= 0, slot
            self._sweep()

    def _sweep(self) -> None:
        self._slots = [None if slot and slot.retired and not slot.leases else slot for slot in self._slots]


def salt_of(blend: Blend, versions: dict[str, str]) -> bytes:
    """Digest of weights and versions, the same in every process (unlike `hash`, for which -1.0 equals -2.0)."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(blend):
        digest.update(f"{name}\0{versions[name]}\0".encode() + struct.pack("<d", blend[name]))
    return digest.digest()
