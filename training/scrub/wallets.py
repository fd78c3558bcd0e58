"""Addresses of crypto wallets, and private keys to them: by their own checksums where they have one. Knows no chain."""

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from training.scrub.context import EDGE, END, edge_after, said_near
from training.scrub.findings import Found, View

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

_BEGIN = edge_after("btc", "eth", "usdt", "trc20", "erc20", "address")
_ETHEREUM = re.compile(rf"{_BEGIN}0x[0-9a-fA-F]{{40}}{END}")
_SEGWIT = re.compile(
    rf"{_BEGIN}(?:bc1|tb1|ltc1|BC1|LTC1)[02-9ac-hj-np-zAC-HJ-NP-Z]{{11,87}}{END}|{EDGE}addr1[02-9ac-hj-np-z]{{50,110}}{END}"
)
_CHECKED = re.compile(rf"{_BEGIN}[1-9A-HJ-NP-Za-km-z]{{26,35}}{END}|{EDGE}[5KL][1-9A-HJ-NP-Za-km-z]{{50,51}}{END}")
_MONERO = re.compile(rf"{EDGE}[48][0-9AB][1-9A-HJ-NP-Za-km-z]{{93}}{END}")
_TON = re.compile(r"(?<![0-9A-Za-z_-])[EU]Q[0-9A-Za-z_-]{46}(?![0-9A-Za-z_-])")
_SOLANA = re.compile(rf"{EDGE}[1-9A-HJ-NP-Za-km-z]{{43,44}}{END}")
_SAID_SOLANA = re.compile(r"(?<![a-z])sol(?:ana)?(?![a-z])|phantom|钱包|wallet")
_SAID_PRIVATE = re.compile(r"private|secret|私钥|私鑰|密钥")
_HEX_KEY = re.compile(rf"{EDGE}(?:0x)?[0-9a-fA-F]{{64}}{END}")
_LONG = re.compile(r"[0-9A-Za-z_-]{26}")


def find_wallets(view: View) -> Iterator[Found]:
    """Addresses of Bitcoin and its kin, Ethereum's, TRON, XRP, Monero, TON, Cardano; Solana's where it is said so."""
    text = view.text
    if _LONG.search(text) is None:
        return
    for match in _ETHEREUM.finditer(text):
        yield Found("wallet", match.start(), match.end(), match.group().lower())
    for match in _SEGWIT.finditer(text):
        if _bech32_holds(match.group().lower()):
            yield Found("wallet", match.start(), match.end(), match.group().lower())
    for match in _CHECKED.finditer(text):
        found = match.group()
        if _base58_holds(found, _BASE58) or (found[0] == "r" and _base58_holds(found, _RIPPLE)):
            yield Found("key" if len(found) > 35 else "wallet", match.start(), match.end(), found)
    for pattern in (_MONERO, _TON):
        for match in pattern.finditer(text):
            yield Found("wallet", match.start(), match.end(), match.group())
    for match in _SOLANA.finditer(view.prose):
        if said_near(view, match.start(), _SAID_SOLANA):
            yield Found("wallet", match.start(), match.end(), match.group())
    for match in _HEX_KEY.finditer(text):
        if said_near(view, match.start(), _SAID_PRIVATE):
            yield Found("key", match.start(), match.end(), match.group().lower())


def _base58_holds(text: str, alphabet: str) -> bool:
    """Base58Check: the last four bytes are those of a double SHA-256 over the rest."""
    number = 0
    for letter in text:
        number = number * 58 + alphabet.index(letter)
    zeros = len(text) - len(text.lstrip(alphabet[0]))
    raw = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
    return len(raw) > 4 and hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def _bech32_holds(text: str) -> bool:
    """BIP 173 and BIP 350: the checksum of Bech32 (1) or Bech32m (0x2bc830a3)."""
    prefix, _, data = text.rpartition("1")
    if not prefix or any(letter not in _BECH32 for letter in data):
        return False
    values = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    values += [_BECH32.index(letter) for letter in data]
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if (top >> place) & 1 else 0
    return check in (1, 0x2BC830A3)
