"""Sets aside what says nothing of how somebody talks: long texts sent again and again, and chain messages.

Works over the scrubbed corpus, as a whole each time, so that what it sets aside does not depend on the order of
imports. Only long texts are looked at: "ok" and "good night" may be said a thousand times. Sketches of texts lie in a
temporary database inside the home, with chats and people but without a word of them, so memory does not grow with the
corpus.
"""

import re
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby, pairwise
from operator import itemgetter

from training.corpus import Corpus, CorpusLine
from training.store_files import open_scratch

NEAR_DUPLICATE = "near_duplicate"
CHAIN = "chain"

_LONG = 60
"""Fewer letters than this are no long text; a Chinese character says about as much as three."""
_MANY_CHATS = 3
_ALIKE = 0.8
_SKETCH = 64
_KEYS = 6
_BATCH = 2_000
_HEADS = 32
"""Different texts of one key that others are compared with: people of few words would otherwise cost a square."""

Told = Callable[[int, int], None]
"""Told how many lines were looked at, and of how many; every line is looked at twice."""

_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_BETWEEN = re.compile(r"[\W_]+")
_ASKS = re.compile(
    r"\b(?:forward|send|share|pass|repost|copy and paste)\b[^.!?\n]{0,60}\b(?:to|with)\b[^.!?\n]{0,20}"
    r"(?:\b(?:[5-9]|\d\d+|five|six|seven|eight|nine|ten|twelve|fifteen|twenty)\b[^.!?\n]{0,20}"
    r"\b(?:people|friends|contacts|groups|others|mums|moms|women)\b"
    r"|\beveryone (?:you know|you love|on your list)\b|\ball your (?:friends|contacts|groups)\b)"
    r"|(?:转发|转给|发给|传给|分享给|群发|轉發|轉給|發給|傳給|分享給|群發)[^。！!？?\n]{0,15}?"
    r"(?:[5-9]|\d{2,}|[五六七八九十百]+|所有的?)[^。！!？?\n]{0,6}(?:人|群|好友|朋友|亲友|親友)"
    r"|看到(?:的)?(?:请|都)?(?:转发|转起来)",
    re.IGNORECASE,
)
"""Asks to be passed on to many, as a favour among colleagues may too."""
_URGES = re.compile(
    r"\bthis (?:message|text|post)\b|\b(?:good|bad) luck\b|\bbless|\bwish(?:es)? (?:will )?come|\bmiracle|\bmidnight\b"
    r"|\bwithin (?:the next )?\w+ (?:minutes?|hours?|days?)\b|\b(?:or|otherwise) (?:else )?your account\b|\ba joke\b"
    r"|\bit (?:really )?works\b|\b(?:do not|don['’]t) (?:ignore|delete)\b|\bcurse|\bangels?\b|\bvirus\b"
    r"|好运|好運|倒霉|倒楣|厄运|厄運|灵验|靈驗|很灵|很靈|否则|否則|保佑|不转|不轉|扩散|擴散|紧急通知|緊急通知|真相"
    r"|(?:小时|小時|天|日|分钟|分鐘)之?[内內]",
    re.IGNORECASE,
)
"""Promises, threatens or hurries."""
_CHAIN = re.compile(
    r"\b(?:do not|don['’]t) break (?:the|this) chain\b|\byears? of bad luck\b|\bforwarded as received\b"
    r"|(?:不转|不轉)(?:发|發)?(?:就)?不是",
    re.IGNORECASE,
)
"""Says by itself what it is."""

_PASSED_ON = (
    *("forward", "send", "share", "pass", "repost", "copy", "chain", "bad luck"),
    *("转", "轉", "发给", "發給", "传给", "傳給", "分享", "群发", "群發"),
)
"""One of these stands in whatever `_ASKS` or `_CHAIN` finds: looking for them costs a tenth of it."""


def drop_repeats(corpus: Corpus, told: Told = lambda _done, _total: None) -> Counter[str]:
    """Set aside near-duplicates and chain messages, and take back in what is neither any more; counts by reason."""
    counts: Counter[str] = Counter()
    total = corpus.count_long_lines(_LONG // 3)
    with closing(_Alike(lambda share: told(total + round(share * total), 2 * total))) as alike:
        for number, (chat_key, line) in enumerate(corpus.long_lines(_LONG // 3)):
            if is_long(line.text):
                alike.add(chat_key, line)
            if number % _BATCH == 0:
                told(number, 2 * total)
        with corpus.transaction():
            corpus.take_back()
            for (chat_key, reason), found in groupby(alike.dropped(), key=itemgetter(0, 1)):
                lines = [(at_ms, seq) for _, _, at_ms, seq in found]
                corpus.set_aside(chat_key, reason, lines)
                counts[reason] += len(lines)
            corpus.put_counts("dropped", {("", reason): count for reason, count in counts.items()})
    return counts


def is_long(text: str) -> bool:
    """Whether a text is long enough that saying it twice means copying it."""
    return len(text) + 2 * len(_WIDE.findall(text)) >= _LONG


def is_chain(text: str) -> bool:
    """Whether a long text asks to be passed on to many, with a promise or a threat."""
    lower = text.lower()
    if not any(word in lower for word in _PASSED_ON) or not is_long(text):
        return False
    return bool(_CHAIN.search(text) or (_ASKS.search(text) and _URGES.search(text)))


def sketch_of(text: str) -> tuple[int, ...]:
    """The least hashes, in order, of a text's pairs of words, or of its runs of three where words are not spaced: two
    texts share about as many as the texts themselves."""
    letters = _BETWEEN.sub(" ", text.casefold()).strip()
    if 2 * len(_WIDE.findall(letters)) > len(letters):
        runs = {letters[at : at + 3] for at in range(len(letters) - 2)}
    else:
        words = letters.split(" ")
        runs = {f"{one} {other}" for one, other in pairwise(words)}
    hashes = sorted({zlib.crc32(run.encode("utf-8", "surrogatepass")) for run in runs or {letters}})
    return tuple(hashes[:_SKETCH])


def likeness(one: Collection[int], other: Collection[int]) -> float:
    """Share of runs that two texts have in common, from their sketches; 0 where it is too small to matter."""
    common = set(one).intersection(other)
    if len(common) < _ALIKE * max(len(one), len(other)):
        return 0.0  # as most candidates are: it cannot come to what counts
    least = sorted({*one, *other})[:_SKETCH]
    return sum(each in common for each in least) / len(least)


def _keys(sketch: Sequence[int]) -> list[int]:
    """Of which texts that are nearly equal almost surely share one, and others hardly ever do."""
    return [hash(pair) for pair in pairwise(sketch[: _KEYS + 1])] or [hash(sketch)]


class _Alike:
    """Long texts, of which those that are nearly equal are found when all are known.

    Only what shares a key is compared, so keys are sorted, once, by the database.
    """

    def __init__(self, compared: Callable[[float], None]) -> None:
        self._compared = compared
        self._database = open_scratch()
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE texts"
            " (number INTEGER PRIMARY KEY, chat TEXT, who TEXT, at_ms INTEGER, seq INTEGER, sketch BLOB);"
            "CREATE TABLE keys (key INTEGER, number INTEGER);"
            "CREATE TABLE dropped (chat TEXT, reason TEXT, at_ms INTEGER, seq INTEGER);"
            "BEGIN;"
        )
        self._count = 0
        self._texts: list[tuple[int, str, str, int, int, bytes]] = []
        self._keys: list[tuple[int, int]] = []

    def add(self, chat_key: str, line: CorpusLine) -> None:
        """One more text."""
        if is_chain(line.text):
            self._drop(chat_key, CHAIN, line.at_ms, line.seq)
            return
        self._count += 1
        sketch = sketch_of(line.text)
        who = "owner" if line.author == "owner" else line.sender
        self._texts.append((self._count, chat_key, who, line.at_ms, line.seq, array("I", sketch).tobytes()))
        self._keys += [(key, self._count) for key in _keys(sketch)]
        if len(self._texts) >= _BATCH:
            self._flush()

    def dropped(self) -> Iterator[tuple[str, str, int, int]]:
        """(chat, reason, at_ms, seq) of every line to set aside, by chat and reason."""
        self._flush()
        for numbers in self._clusters():
            found = [
                self._database.execute("SELECT chat, who, at_ms, seq FROM texts WHERE number = ?", (number,)).fetchone()
                for number in numbers
            ]
            self._judge(sorted(found, key=itemgetter(2, 3)))
        rows: Iterator[tuple[str, str, int, int]] = self._database.execute(
            "SELECT chat, reason, at_ms, seq FROM dropped ORDER BY chat, reason"
        )
        return rows

    def close(self) -> None:
        """Forget all of it."""
        self._database.close()

    def _flush(self) -> None:
        self._database.executemany("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)", self._texts)
        self._database.executemany("INSERT INTO keys VALUES (?, ?)", self._keys)
        self._texts.clear()
        self._keys.clear()

    def _clusters(self) -> Iterable[list[int]]:
        """Numbers of texts that are nearly equal, directly or by way of others."""
        first: dict[int, int] = {}

        def root(number: int) -> int:
            while (above := first.get(number, number)) != number:
                number = above
            return number

        (keys,) = self._database.execute("SELECT count(*) FROM keys").fetchone()
        keyed = self._database.execute("SELECT key, number FROM keys ORDER BY key, number")
        seen = 0
        for _, rows in groupby(keyed, key=itemgetter(0)):
            numbers = [number for _, number in rows]
            if (seen + len(numbers)) // _BATCH > seen // _BATCH:
                self._compared(seen / keys)
            seen += len(numbers)
            heads: list[tuple[int, array[int]]] = []
            for number in numbers if len(numbers) > 1 else ():
                sketch = self._sketch(number)
                for head, known in heads:
                    if root(head) == root(number) or likeness(sketch, known) >= _ALIKE:
                        first[root(number)] = root(head)
                        break
                else:
                    if len(heads) < _HEADS:
                        heads.append((number, sketch))
        clusters: dict[int, list[int]] = defaultdict(list)
        for number in {*first, *first.values()}:
            clusters[root(number)].append(number)
        return clusters.values()

    def _sketch(self, number: int) -> "array[int]":
        (raw,) = self._database.execute("SELECT sketch FROM texts WHERE number = ?", (number,)).fetchone()
        sketch = array("I")
        sketch.frombytes(raw)
        return sketch

    def _judge(self, alike: list[tuple[str, str, int, int]]) -> None:
        """Lines of one cluster, oldest first: many people in many chats pass a chain on; one person repeats himself."""
        chats = {chat for chat, _, _, _ in alike}
        people = {who for _, who, _, _ in alike}
        if len(chats) >= _MANY_CHATS and len(people) > 1:
            for chat, _, at_ms, seq in alike:
                self._drop(chat, CHAIN, at_ms, seq)
            return
        for person in people:
            own = [(chat, at_ms, seq) for chat, who, at_ms, seq in alike if who == person]
            to_many = len({chat for chat, _, _ in own}) >= _MANY_CHATS
            seen: set[str] = set()
            for chat, at_ms, seq in own:
                if chat in seen or (to_many and seen):
                    self._drop(chat, NEAR_DUPLICATE, at_ms, seq)
                seen.add(chat)

    def _drop(self, chat_key: str, reason: str, at_ms: int, seq: int) -> None:
        self._database.execute("INSERT INTO dropped VALUES (?, ?, ?, ?)", (chat_key, reason, at_ms, seq))
