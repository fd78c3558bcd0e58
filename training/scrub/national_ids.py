"""Numbers that a state gives its citizens: by their own checksums (python-stdnum), or named by the words before.

A number whose checksum is weak, or that has none, counts only where a word says what it is. Knows no person.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.exceptions import ValidationError
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from training.scrub.context import EDGE, END, any_of, nobodys_number, said_near
from training.scrub.findings import Found, View


class _Rule(NamedTuple):
    shape: re.Pattern[str]
    valid: Callable[[str], bool]
    said: re.Pattern[str] | None = None


def _rule(shape: str, valid: Callable[[str], bool], said: str = "") -> _Rule:
    return _Rule(re.compile(f"{EDGE}(?:{shape}){END}", re.IGNORECASE), valid, re.compile(said) if said else None)


def _resident(number: str) -> bool:
    """The Chinese id: its date and check digit. The places of birth that libraries know are not complete."""
    compact = re.sub("[ -]", "", number).upper()
    try:
        born = date(int(compact[6:10]), int(compact[10:12]), int(compact[12:14]))
    except ValueError:
        return False
    return date(1880, 1, 1) <= born <= date(2100, 1, 1) and bool(ric.calc_check_digit(compact) == compact[-1])


def _hong_kong(number: str) -> bool:
    compact = re.sub("[^0-9A-Za-z]", "", number).upper()
    letters = compact[:-7].rjust(2)
    values = [36 if letter == " " else ord(letter) - 55 for letter in letters]
    values += [int(digit) for digit in compact[-7:-1]]
    check = 10 if compact[-1] == "A" else int(compact[-1])
    return (sum(value * (9 - place) for place, value in enumerate(values)) + check) % 11 == 0


def _taiwan(number: str) -> bool:
    first = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(number[0].upper()) + 10
    total = first // 10 + 9 * (first % 10) + sum(int(digit) * (8 - place) for place, digit in enumerate(number[1:9]))
    return (total + int(number[9])) % 10 == 0


def _singapore(number: str) -> bool:
    kind, digits, check = number[0].upper(), number[1:8], number[8].upper()
    total = sum(int(digit) * weight for digit, weight in zip(digits, (2, 7, 6, 5, 4, 3, 2), strict=True))
    total += {"T": 4, "G": 4, "M": 3}.get(kind, 0)
    table = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "XWUTRQPNJLK"}.get(kind, "XWUTRQPNMLK")
    return table[total % 11] == check


def _korean(number: str) -> bool:
    """Numbers given out since 2020 have no check digit: the date alone."""
    return 1 <= int(number[2:4]) <= 12 and 1 <= int(number[4:6]) <= 31


def _spanish(number: str) -> bool:
    return bool(dni.is_valid(number.replace(".", "")))


def _any(_number: str) -> bool:
    return True


_RULES = (
    _rule("[1-9][0-9]{5}[ -]?(?:18|19|20)[0-9]{6}[ -]?[0-9]{3}[0-9X]", _resident),
    _rule("[0-9]{3}-[0-9]{2}-[0-9]{4}", ssn.is_valid),
    _rule("[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}", _any, r"(?<![a-z])(?:ssn|itin)|social security"),
    _rule("(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?[0-9]{2}){3} ?[A-D]", _any),
    _rule("[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", nhs.is_valid, r"(?<![a-z])nhs"),
    _rule(
        "[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}", sin.is_valid, r"(?<![a-z])sin(?![a-z])|social insurance|assurance sociale"
    ),
    _rule("[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", nir.is_valid),
    _rule(r"[0-9]{8}[ -]?[A-Z]|[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}[ -]?[A-Z]", _spanish),
    _rule("[XYZ][ -]?[0-9]{7}[ -]?[A-Z]", nie.is_valid),
    _rule("[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]", codicefiscale.is_valid),
    _rule("[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", idnr.is_valid, "steuer|idnr|identifikationsnummer|tax id"),
    _rule(r"[0-9]{9}|[0-9]{4}[ .][0-9]{2}[ .][0-9]{3}", bsn.is_valid, "bsn|burgerservice|sofi"),
    _rule(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", nn.is_valid),
    _rule("[0-9]{11}", pesel.is_valid, "pesel"),
    _rule("(?:[0-9]{2})?[0-9]{6}[+-][0-9]{4}", personnummer.is_valid),
    _rule("[0-9]{6}[+A-][0-9]{3}[0-9A-Y]", hetu.is_valid),
    _rule(r"756[. ][0-9]{4}[. ][0-9]{4}[. ][0-9]{2}", ahv.is_valid),
    _rule(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", cpf.is_valid),
    _rule("[0-9]{11}", cpf.is_valid, "cpf"),
    _rule("[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]", curp.is_valid),
    _rule(r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9K]", rut.is_valid),
    _rule("[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}", aadhaar.is_valid, "aadha+r|uidai|आधार"),
    _rule("[A-Z]{5}[0-9]{4}[A-Z]", pan.is_valid),
    _rule("[0-9]{6}-[1-8][0-9]{6}", _korean),
    _rule(r"[A-Z]{1,2}[0-9]{6} ?\([0-9A]\)", _hong_kong),
    _rule("[A-Z]{1,2}[0-9]{6}[0-9A]", _hong_kong, r"hkid|hong kong|(?<![a-z])hk(?![a-z])|香港"),
    _rule("[A-Z][12][0-9]{8}", _taiwan),
    _rule("[STFGM][0-9]{7}[A-Z]", _singapore),
)
_WORDS = any_of(
    "身份证 身份證 身分证 身分證 驾照 驾驶证 駕照 社保号 社保卡号 医保号 マイナンバー 주민등록번호",
    "personalausweis ausweisnummer führerschein carte_d'identité carta_d'identità permis_de_conduire",
    r"driver'?s?_licen[cs]e driving_licen[cs]e (?<![a-z])(?:id|identity|citizen)_?(?:card|number|no\.?|nr\.?)(?![a-z])",
)
_SAID = re.compile(
    rf"{_WORDS}[^0-9\n]{{0,12}}?{EDGE}([A-Z]{{0,4}}[0-9][0-9A-Z]{{0,3}}[0-9]{{4,14}}[0-9A-Z]{{0,4}}){END}",
    re.IGNORECASE,
)


def find_national_ids(view: View) -> Iterator[Found]:
    """Ids of citizens, of the countries in `_RULES`, and of any other where the words before say so."""
    for rule in _RULES:
        for match in rule.shape.finditer(view.prose):
            if rule.said is not None:
                if not said_near(view, match.start(), rule.said, 28):
                    continue
            elif nobodys_number(view, match.start()):
                continue
            if _holds(rule.valid, match.group()):
                yield Found("id", match.start(), match.end(), _compact(match.group()))
    for match in _SAID.finditer(view.prose):
        yield Found("id", match.start(1), match.end(1), _compact(match.group(1)))


def _holds(valid: Callable[[str], bool], number: str) -> bool:
    try:
        return valid(number)
    except (ValidationError, ValueError):
        return False


def _compact(number: str) -> str:
    return re.sub("[^0-9A-Za-z]", "", number).upper()
