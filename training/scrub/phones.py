"""Telephone numbers: international ones anywhere, national ones of the owner's countries (`phonenumbers`).

A run of digits is tried whole and in windows of its groups. Without a country code it counts where it is written in
the country's own groups, begins with the trunk 0, is a Chinese mobile number, or a word says that one can call it.
Knows no subscriber: reserved and unused numbers count too.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from model_server.errors import ConfigError
from training.scrub.context import END, amount, edge_after, nobodys_number, said_near
from training.scrub.findings import Found, View

_BEGIN = edge_after("tel", "phone", "mobile", "call", "wx", "vx", "whatsapp", "num", "number", "number's", "is")
_INTERNATIONAL = re.compile(rf"{_BEGIN}(?:\(?\+ ?|00 ?)\(?[1-9](?:[ ().\-/]{{0,3}}[0-9]){{6,14}}(?![0-9])")
# not behind a decimal point, not a part of an id with letters
_RUN = re.compile(
    rf"(?<![0-9][.,])(?<![0-9A-Za-z][-_]){_BEGIN}(?:1[ .-])?\(?[0-9]{{2,12}}"
    r"(?:[ ).\-/]{1,3}[0-9]{2,12}){0,7}(?![0-9A-Za-z]|[-_][A-Za-z])"
)
_GROUP = re.compile("[0-9]+")
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:0?[1-9]|[12][0-9]|3[01])(?![0-9])"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[-./ ](?:0?[1-9]|[12][0-9]|3[01])[-./ ](?:19|20)[0-9]{2}(?![0-9])"
    r"|(?:19|20)[0-9]{2}-(?:19|20)[0-9]{2}(?![0-9])"
)
_COUNTED = "01234567890123456789 98765432109876543210"
_CALLED = re.compile(
    r"phone|(?<![a-z])(?:call(?! of )|text|cell|mobile?|tel|whats?app|ring|dial|sms|landline|fax|mob|ph|number|num"
    r"|handy|anruf\w{0,4}|rufnummer|nummer|móvil|llám\w{0,5}|teléfono|telefono|telefon|tél|portable|appelle\w{0,3}|numéro|cellulare"
    r"|chiama\w{0,3}|telefoon|bel)(?![a-z])|电话|電話|手机|手機|座机|号码|號碼|打(?![到了完过出进赢输得球])|拨|撥|联系|聯繫|同号|号|微信|加我"
)
_ACCOUNT = re.compile("(?<![a-z])(?:id|meeting|zoom)(?![a-z])|会议|會議")
_CHINESE_MOBILE = re.compile("1[3-9][0-9]{9}")
_LOCAL = re.compile(
    r"(?:电话|電話|座机|座機|号码|固话|(?<![a-z])(?:phone|tel|landline|call))"
    r"(?:[号號]|是|:| |is|me|on|at){0,3}"
    rf"(?P<value>[2-9][0-9]{{2,3}}[ -]?[0-9]{{4}}){END}"
)
_LEAST_DIGITS = 7
_SURE_DIGITS = 9
"""A national number of fewer digits counts only beside a word: dates and scores are as long."""


class _Plan(NamedTuple):
    """How one country numbers: digits behind the trunk prefix, and what they must look like."""

    region: str
    trunk: str
    lengths: frozenset[int]
    shape: re.Pattern[str]


@functools.cache
def _plan(region: str) -> _Plan:
    data = PhoneMetadata.metadata_for_region(region, None)
    if data is None or data.general_desc is None:
        raise ConfigError(f"config: no telephone numbers are known of {region!r} in [scrub] regions", "ISO 3166, as GB")
    shape = re.compile(str(data.general_desc.national_number_pattern))
    return _Plan(region, data.national_prefix or "", frozenset(data.general_desc.possible_length), shape)


class PhoneFinder:
    """Finds telephone numbers for one owner's countries (ISO 3166, the likeliest first).

    ConfigError when one of them is no country.
    """

    def __init__(self, regions: Sequence[str]) -> None:
        self._plans = [_plan(region) for region in regions]

    def find(self, view: View) -> Iterator[Found]:
        """Numbers one could call; not those of orders, not dates, not amounts."""
        text = view.prose
        for match in _INTERNATIONAL.finditer(text):
            if (found := _international(match)) is not None:
                yield found
        for match in _RUN.finditer(text):
            groups = [(group.start(), group.end()) for group in _GROUP.finditer(text, match.start(), match.end())]
            if sum(end - start for start, end in groups) >= _LEAST_DIGITS:
                yield from self._national(view, groups)
        for match in _LOCAL.finditer(view.lower):
            yield Found("phone", match.start("value"), match.end("value"), re.sub("[ -]", "", match.group("value")))

    def _national(self, view: View, groups: list[tuple[int, int]]) -> Iterator[Found]:
        first = 0
        while first < len(groups):
            for last in range(min(len(groups), first + 6), first, -1):
                window = groups[first:last]
                if _stands_alone(view.prose, groups, first, last) and (value := self._number(view, window)):
                    start = window[0][0] - (view.prose[window[0][0] - 1 : window[0][0]] == "(")
                    yield Found("phone", start, window[-1][1], value)
                    first = last - 1
                    break
            first += 1

    def _number(self, view: View, window: list[tuple[int, int]]) -> str:
        """The number these groups are, with its country code; "" when they are none."""
        start, end = window[0][0], window[-1][1]
        written = [view.prose[a:b] for a, b in window]
        digits = "".join(written)
        if (
            not _LEAST_DIGITS <= len(digits) <= 12
            or _DATE.match(view.prose, start)
            or len(set(digits)) == 1
            or digits in _COUNTED
        ):
            return ""
        said: bool | None = None
        for plan in self._plans:
            national = digits
            if plan.trunk and digits.startswith(plan.trunk) and len(digits) - len(plan.trunk) in plan.lengths:
                national = digits[len(plan.trunk) :]
            if len(national) not in plan.lengths:
                continue
            trunk_zero = national is not digits and plan.trunk == "0" and national[0] != "0"
            known = plan.shape.fullmatch(national) is not None
            if not known and not trunk_zero:
                continue
            if said is None:
                if nobodys_number(view, start) or amount(view, start, end):
                    return ""
                said = _said(view, start)
            if _is_called(_Guess(plan, written, national, known, trunk_zero, said)):
                return f"+{phonenumbers.country_code_for_region(plan.region)}{national}"
        return ""


class _Guess(NamedTuple):
    """Digits that could be a number of one country.

    `written`: in these groups; `national`: without the trunk prefix; `known`: the library knows such numbers;
    `trunk_zero`: a trunk 0 stood before; `said`: a word near says that one can call it.
    """

    plan: _Plan
    written: list[str]
    national: str
    known: bool
    trunk_zero: bool
    said: bool


def _is_called(guess: _Guess) -> bool:
    """Whether they are meant as a number to call."""
    sizes = [len(group) for group in guess.written]
    if guess.known and guess.plan.region == "CN" and _CHINESE_MOBILE.fullmatch(guess.national):
        return sizes in ([11], [3, 4, 4], [3, 8], [7, 4])
    if guess.said and guess.known and max(sizes) > 2 and (sum(sizes) >= _SURE_DIGITS or len(sizes) > 1):
        return True
    if sum(sizes) < _SURE_DIGITS or min(sizes[1:], default=2) < 2:
        return False
    if guess.trunk_zero:
        return _behind_a_trunk(guess)
    # an amount is written in threes too
    return guess.known and len(sizes) > 1 and set(sizes) != {3} and _in_its_groups(guess)


def _behind_a_trunk(guess: _Guess) -> bool:
    """Ranges open faster than libraries learn of them: in groups, a trunk 0 and the right length are enough."""
    if len(guess.written) == 1:
        return guess.said or (guess.known and len(guess.national) >= _SURE_DIGITS)
    full = len(guess.national) == max(guess.plan.lengths)
    return (guess.known or guess.said or full) and _in_its_groups(guess)


def _in_its_groups(guess: _Guess) -> bool:
    """Whether the number is written in the groups its country writes, or in finer ones behind the same area."""
    written = guess.written
    if not guess.known:
        return 2 <= len(written) <= 3
    parsed = phonenumbers.parse(guess.national, guess.plan.region)
    shown = _GROUP.findall(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))
    if written in (shown, [written[0], *shown]):
        return True
    return len(shown) > 1 and 2 <= len(written) <= 5 and written[0] == shown[0] and written[0].startswith("0")


def _said(view: View, start: int) -> bool:
    """Whether a word near, or the line before, says that one can call it, and none nearer that it is an account's."""
    if said_near(view, start, _ACCOUNT, 10):
        return False
    return said_near(view, start, _CALLED, 30) or _CALLED.search(view.before) is not None


def _stands_alone(text: str, groups: list[tuple[int, int]], first: int, last: int) -> bool:
    """A window is tried when it is the whole run, or other signs part it from its neighbours than stand inside it."""
    inside = {text[groups[at][1] : groups[at + 1][0]] for at in range(first, last - 1)}
    outside = set[str]()
    if first > 0:
        outside.add(text[groups[first - 1][1] : groups[first][0]])
    if last < len(groups):
        outside.add(text[groups[last - 1][1] : groups[last][0]])
    return not outside & inside and (not outside or all(" " in sign or "/" in sign for sign in outside))


def _international(match: re.Match[str]) -> Found | None:
    """The number behind `+` or `00`, without a number that only stands behind it."""
    end = match.end()
    plus = "+" in match.group()
    while end - match.start() > _LEAST_DIGITS:
        digits = re.sub(r"\(0\)|[^0-9]", "", match.string[match.start() : end])
        digits = digits if plus else digits[2:]
        try:
            number = phonenumbers.parse("+" + digits)
        except phonenumbers.NumberParseException:
            return None
        if phonenumbers.is_valid_number(number) or (
            len(digits) >= _SURE_DIGITS
            and (plus or not match.string[match.start() : end].isdigit())
            and phonenumbers.is_possible_number(number)
        ):
            return Found("phone", match.start(), end, f"+{number.country_code}{number.national_number}")
        groups = list(re.finditer(r"[ ().\-/]{1,3}(?=[0-9])", match.string[match.start() : end]))
        if not groups:
            return None
        end = match.start() + groups[-1].start()
    return None
