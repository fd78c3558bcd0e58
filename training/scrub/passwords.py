"""Passwords and PINs that people tell each other in words, in several languages. Knows no list of common passwords.

How much a value must look like one depends on what stands between it and the word: after `:` anything goes, after
`is` a plain word only at the end of a clause, with nothing between it needs a digit or a sign.
"""

import re
from collections.abc import Iterator

from training.scrub.context import any_of, word_set
from training.scrub.findings import Found, View

_LATIN = any_of(
    "pass_?words? pass_?phrase pass_?code passwd pwd pw passwort passwörter kennwort mot_de_passe mdp contraseña",
    "contrasena clave senha wachtwoord has[łl]o parola lösenord adgangskode salasana пароль parole şifre mật_khẩu",
    "kata_sandi (?:wi-?fi|login|net)_pass",
)
_OTHER = any_of("密码 密碼 口令 暗号 提取码 提取碼 访问码 解压码 パスワード 비밀번호")
# `pass` is a verb, a mountain and a ticket: only before a mark, or behind a word and before something with a digit
_VERB = r"(?<![a-z])pass(?= ?[:=])|(?<=[a-z] )pass(?= [^ ]{0,30}[0-9])"
_WORD = rf"(?:(?<![a-z]){_LATIN}|{_OTHER}|{_VERB})"
_KEYPAD = (
    "(?:(?:gate|door|alarm|entry|lock|garage|building|safe|key ?pad|lockbox|unlock|screen|sim|access|voicemail)"
    " (?:code|pin|combo|combination|number)|(?:tür|tor|haustür|alarm|garagen|safe|tresor|eingangs|handy)-?(?:code|pin)"
    "|(?<![a-z])pin(?: ?(?:code|number|码))?(?![a-z]))"
)
_OF = (
    r"(?: ?(?:for|to|of|on|fürs?|zum|vom|im|para|pour|del|du|de la|von|voor|w|до) (?:the |my |our |das |el |la |le )?"
    r"[^\s:=]{1,15}(?: [^\s:=]{1,12})?)?"
)
_IS_LATIN = "(?:'s| is| was| are| to| =| ist| lautet| es| est| é| è| jest| это)(?: now| still| just| jetzt| ahora)?"
_IS_CHINESE = any_of(
    "就是 还是 依然是 改成了? 改为 改回 换成了? 设成 设为 设置成 设置为 应该是 都是 全是 也是 一直是",
    "默认是? 可能是 依旧是?",
    "大小写 小写 大写 都 新的是? 是 为 為 係 系 は は、 는 은",
)
_IS = rf"(?:{_IS_LATIN}|{_IS_CHINESE}{{1,3}})"
_QUOTED = r"[\"'“‘「`](?P<quoted>(?![ :=])[^\"'”’」`\n]{3,64})[\"'”’」`]"
_VALUE = r"(?P<value>(?![-_])[!-~À-ɏЀ-ӿ]{3,64})"

_MARKED = re.compile(rf"{_WORD}(?:{_OF}|[\"'`]) ?(?::|=|->|→|=>) ?(?:{_QUOTED}|{_VALUE})", re.IGNORECASE)
_STATED = re.compile(rf"{_WORD}{_OF}{_IS}[ :]{{0,2}}(?:{_QUOTED}|{_VALUE})", re.IGNORECASE)
_BESIDE = re.compile(rf"{_WORD} ?(?:{_QUOTED}|{_VALUE})", re.IGNORECASE)
_PRESSED = re.compile(
    rf"(?<![a-z]){_KEYPAD}(?: for [a-z]{{1,12}}(?: [a-z]{{1,12}})?)?"
    r"(?: is|'s| was| ist| lautet|: ?| ?=|是| to)?[ :]{0,2}"
    r"(?P<value>[A-Z]?[0-9#*]{3,10}[A-Z#*]?)(?![0-9A-Za-z:.]|[%])",
    re.IGNORECASE,
)
_ASKED = re.compile(rf"{_WORD}|(?<![a-z]){_KEYPAD}", re.IGNORECASE)
_ANSWER = re.compile(
    rf"(?:(?:it'?s|try|yes|ok|是|就是|好|试试)[ ,:]{{1,2}}){{0,2}}{_VALUE}[ !?。~]{{0,2}}", re.IGNORECASE
)

_PLAIN = word_set(
    "wrong incorrect correct right too not the that this what required needed expired invalid safe stored weak strong",
    "same still in on at your you my mine here there short long empty changed reset sent secret saved secure hard easy",
    "stupid gone lost old new now again good bad fine ok unknown missing default case like just really very always",
    "never only also working visible blank something someone everything nothing anything hidden written falsch richtig",
    "null none true false nil undefined string",
)
_SOUNDS = (
    *(
        "pass",
        "pw",
        "mdp",
        "kennw",
        "contras",
        "clave",
        "senha",
        "wacht",
        "has",
        "parol",
        "парол",
        "pin",
        "şifre",
        "code",
    ),
    *("code", "combo", "lösen", "kata", "mật", "salasana", "adgang", "码", "碼", "口令", "暗号", "パス", "비밀"),
)


def find_passwords(view: View) -> Iterator[Found]:
    """Values behind a word for a password or a PIN, or alone when the line before asked for one."""
    text = view.prose
    if any(sound in view.lower for sound in _SOUNDS):
        for match in _MARKED.finditer(text):
            yield from _taken(match, plain_word=True)
        for match in _STATED.finditer(text):
            yield from _taken(match, plain_word=_ends_here(text, match))
        for match in _BESIDE.finditer(text):
            yield from _taken(match, plain_word=False)
        for match in _PRESSED.finditer(text):
            yield Found("password", match.start("value"), match.end("value"), match.group("value"))
    if _ASKED.search(view.before) and (answer := _ANSWER.fullmatch(text)) is not None:
        value = answer.group("value").rstrip(".!?")
        if _like_a_password(value) and len(value) >= 4:
            yield Found("password", answer.start("value"), answer.start("value") + len(value), value)


def _taken(match: re.Match[str], plain_word: bool) -> Iterator[Found]:
    if match.group("quoted") is not None:
        yield Found("password", match.start("quoted"), match.end("quoted"), match.group("quoted"))
        return
    start = match.start("value")
    value = match.group("value").rstrip(".,;:?)\"'”]").lstrip("\"'([")
    if value.endswith("!") and not any(letter.isdigit() for letter in value):
        value = value.rstrip("!")
    start += match.group("value").find(value)
    end = start + len(value)
    if len(value) < 3 or set(value) <= set("*x•.-_?!"):
        return
    follows = match.string[end : end + 1]
    if value.isdigit() and (len(value) < 4 or follows in "年月日位次个個天点號号") and follows:
        return
    if _like_a_password(value) or (plain_word and value.lower() not in _PLAIN and len(value) >= 4):
        yield Found("password", start, end, value)


def _like_a_password(value: str) -> bool:
    """A digit, a sign inside, or capitals inside: nothing people say as a word."""
    inner = value[1:-1]
    return (
        any(letter.isdigit() for letter in value)
        or any(not letter.isalnum() and letter not in "'-.,/’" for letter in inner)
        or (any(letter.isupper() for letter in inner) and not value.isupper())
    )


def _ends_here(text: str, match: re.Match[str]) -> bool:
    """Whether a clause ends behind the value: `the password is sunflower.`, not `the password is wrong again`."""
    rest = text[match.end() : match.end() + 2].strip()
    return match.group("quoted") is not None or not rest or rest[0] in ".,!?;)。" or match.group()[-1] in ".,!?;)"
