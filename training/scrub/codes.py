"""One-time codes: a few digits that the words around them, or the line before, call a code. Knows no service.

`error code 500`, `promo code`, `zip code` name other things; a price, a time and a room have no such word at all.
"""

import re
from collections.abc import Iterator

from training.scrub.context import EDGE, END, any_of, edge_after
from training.scrub.findings import Found, View

_DIGITS = r"[0-9]{4}[ -][0-9]{4}|(?:[A-Z]{1,2}-)?[0-9]{4,8}|[0-9]{2,4}[ -][0-9]{2,4}(?:[ -][0-9]{2,4})?"
_UNIT = any_of("lines bytes times years minutes mins 年 分钟 秒 位 次")
_VALUE = rf"{edge_after('code', 'otp', 'is', 'me')}(?P<value>{_DIGITS})(?![0-9A-Za-z]|[.:%-][0-9])(?! ?{_UNIT})"
_MIXED = rf"{EDGE}(?P<value>(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{{5,8}}){END}"
_OTHER = "".join(
    f"(?<!{word}[ -])"
    for word in (
        *(
            "error",
            "status",
            "exit",
            "promo",
            "discount",
            "coupon",
            "voucher",
            "zip",
            "post",
            "postal",
            "area",
            "dress",
        ),
        *(
            "source",
            "country",
            "sort",
            "swift",
            "bar",
            "qr",
            "friend",
            "product",
            "referral",
            "gift",
            "invite",
            "cheat",
        ),
        *("return", "response", "http", "color", "colour", "model", "booking"),
        *("door", "gate", "alarm", "entry", "building", "pin"),  # those are passwords
    )
)
_WORD = rf"(?<![a-z]){_OTHER}(?:code|passcode|otp|2fa|one[- ]time (?:pin|password)|verification|tan)(?![a-z])"
_SURE = "(?:verification|confirmation|security|login|log-in|sign-?in|auth(?:entication)?|access|one[- ]time|2fa|otp)"
_ZH = any_of(
    "验证码 驗證碼 校验码 校驗碼 动态码 动态密码 動態密碼 确认码 激活码 随机码 授权码 短信码 安全代码 认证码 登录码",
    "認証コード 確認コード ワンタイムパスワード",
)
_LINK = (
    r"(?: (?:for|from|to|für|fürs|vom|von|zum|am) [a-zäöüß]{1,15}(?: [a-zäöüß]{1,15}){0,2}| (?:number|code))?"
    r"(?:(?:'s| is| was| says| said| reads| ist| lautet)?(?: now)?[ :=\"'(\n-]{1,3}| ?[是为][ :]{0,2})"
)

_FORWARD = re.compile(rf"{_WORD}{_LINK}{_VALUE}", re.IGNORECASE)
_FORWARD_MIXED = re.compile(rf"(?i:{_SURE}(?: code)?{_LINK}){_MIXED}")
_BACKWARD = re.compile(
    rf"{_VALUE}[ ,]{{0,2}}(?:is (?:your|the|my|ur)|as (?:the|your|my)|\((?:your|the)?)[a-z0-9 ]{{0,30}}{_WORD}",
    re.IGNORECASE,
)
_BACKWARD_FOR = re.compile(rf"{_VALUE} (?:for|as) (?:the |your |my |ur )?{_SURE} code", re.IGNORECASE)
_USED = re.compile(rf"(?<![a-z])(?:use|enter|type) {_VALUE} to (?:verify|log|sign|confirm|reset|access)", re.IGNORECASE)
_FORWARD_ZH = re.compile(rf"{_ZH}[^0-9A-Za-z]{{0,12}}(?:{_VALUE}|{_MIXED.replace('value', 'mixed')})")
_BACKWARD_ZH = re.compile(rf"{_VALUE}[^0-9\n]{{0,10}}{_ZH}")
_ASKED = re.compile(rf"{_WORD}|{_ZH}", re.IGNORECASE)
_SO = any_of("it'?s it_says it_said says yes yeah ok got_it 收到了? 来了 是 好 嗯 到了 喏")
_ANSWER = re.compile(
    rf"(?:{_SO}[ ,:!.]{{0,3}}){{0,2}}{_VALUE}[ .!~。]{{0,3}}",
    re.IGNORECASE,
)
_ON_CARD = re.compile(
    rf"(?:cvv2?|cvc2?|cvn2?|安全码|背面三位)[ :=是为]{{0,4}}(?P<value>[0-9]{{3,4}}){END}", re.IGNORECASE
)
_LATIN_HINTS = ("code", "otp", "2fa", "verif", "pin", "tan", "cv", "one", " to ")
_HINTS = (*_LATIN_HINTS, "码", "碼", "コード", "ワン", "动态", "動態", "背面")


def find_codes(view: View) -> Iterator[Found]:
    """Codes beside their word, answers to "what's the code?", and the check digits of a card."""
    if any(hint in view.lower for hint in _HINTS):
        for pattern in (_FORWARD, _FORWARD_MIXED, _BACKWARD, _BACKWARD_FOR, _USED, _FORWARD_ZH, _BACKWARD_ZH, _ON_CARD):
            for match in pattern.finditer(view.prose):
                group = "value" if match.group("value") is not None else "mixed"
                yield _found(match, group)
    if _ASKED.search(view.before) and (answer := _ANSWER.fullmatch(view.prose)) is not None:
        yield _found(answer, "value")


def _found(match: re.Match[str], group: str) -> Found:
    return Found("code", match.start(group), match.end(group), re.sub("[ -]", "", match.group(group)).upper())
