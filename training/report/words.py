"""A line as what can be counted: words and emoji. Pure.

Chinese and Japanese have no spaces, so their words are pairs of characters. Knows no corpus; counts neither links nor
what the scrub put in place of something.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from model_server.placeholders import PLACEHOLDER

_NOT_WORDS = re.compile(r"(?:https?://|www\.)\S+|@\w+")
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PAIRED = re.compile(f"[{_CJK}]")
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W\d_{_CJK}]+(?:['’][^\W\d_{_CJK}]+)*")
_PICTURE = (
    "[\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff\u2600-\u27bf\u2b05-\u2b55\u23e9-\u23f3\u3030]"
)
_EMOJI = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?"
    rf"(?:\u200d{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?){{0,4}}"
    r"|\[[\u4e00-\u9fff]{1,4}\]"  # WeChat writes its own by name: [捂脸]
)


def words_of(text: str) -> Iterator[str]:
    """The words of a line in small letters; of a run of Chinese or Japanese every two neighbours."""
    spoken = _EMOJI.sub(" ", _NOT_WORDS.sub(" ", PLACEHOLDER.sub(" ", text)))
    for found in _TOKEN.findall(spoken.replace("’", "'").casefold()):
        if len(found) > 1 and _PAIRED.match(found):
            yield from map("".join, pairwise(found))
        else:
            yield found


def emoji_of(text: str) -> list[str]:
    """The emoji of a line; one that is joined from several counts once."""
    return [] if text.isascii() else _EMOJI.findall(text)
