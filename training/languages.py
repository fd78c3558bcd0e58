"""Which language a piece of chat is in: by its script first, by py3langid where the script is shared. Pure.

Knows no chat. Chat lines are too short for any identifier, so it is asked for whole sessions, and says "" when unsure.
"""

import re
from functools import cache
from typing import Any

_CHARACTERS = 600
_FEWEST_LETTERS = 20
_SURE = 0.8

_SCRIPTS = {
    "ja": re.compile("[\u3041-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"),
    "th": re.compile("[\u0e01-\u0e5b]"),
    "he": re.compile("[\u05d0-\u05ea]"),
    "el": re.compile("[\u0370-\u03ff]"),
    "ar": re.compile("[\u0620-\u06ff]"),
    "hi": re.compile("[\u0904-\u097f]"),
    "ru": re.compile("[\u0400-\u04ff]"),
    "en": re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"),
}
"""A script by the language that most often uses it."""
_SHARED = {
    "en": "en zh nl de fr es it pt ca ro pl cs sk hu hr sl sv da no fi et lv lt is ga tr az sq vi id ms tl sw af",
    "ru": "ru uk be bg sr mk kk mn",
    "ar": "ar fa ur ps ug",
    "hi": "hi mr ne",
}
"""Languages told apart within a script. Fewer than the identifier knows: creoles look like any hurried chat."""
# a Chinese character says about as much as three letters
_WEIGHT = {"zh": 3, "ja": 3, "ko": 3}


def language_of(text: str) -> str:
    """ISO 639 code of the language most of this is in; "" when it is too short, or not clear."""
    text = text[:_CHARACTERS]
    if text.isascii():
        found = {"en": len(_SCRIPTS["en"].findall(text))}
    else:
        found = {name: _WEIGHT.get(name, 1) * len(script.findall(text)) for name, script in _SCRIPTS.items()}
    if found.get("ja", 0) * 4 > found.get("zh", 0):  # Japanese is written with both
        found["ja"] = found.get("ja", 0) + found.pop("zh", 0)
    script = max(found, key=lambda name: found[name])
    if not found[script]:
        return ""
    if script not in _SHARED:
        return script
    if found[script] < _FEWEST_LETTERS:
        return ""
    language, sure = _identifier(script).classify(text.lower())
    return str(language) if sure >= _SURE else ""


@cache
def _identifier(script: str) -> Any:
    """The identifier for the languages of one script; half a second the first time."""
    from py3langid import langid  # noqa: PLC0415  # numpy and a model: only who asks for a language waits for them

    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    identifier.set_languages(_SHARED[script].split())
    return identifier
