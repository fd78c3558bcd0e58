"""What is counted of lines, by contact type, while they pass by one at a time: no line is kept.

Knows no corpus file and no page. Memory grows with the words in use alone, of which the rare ones fall out when there
are too many.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

import msgspec

from training.corpus import CorpusChat, CorpusLine
from training.languages import language_of
from training.report.top_words import TopWord
from training.report.words import emoji_of, words_of

UNTYPED = ""
"""Lines with people who have no contact type yet."""
IN_GROUPS = "(groups)"
"""Lines in groups: the owner's to nobody in particular, and those of people there who are no contacts."""
DELAYS_S = (60, 300, 1800, 3 * 3600, 24 * 3600)
"""Where one part of the reply delays ends and the next begins."""
_LONGEST_DELAY_S = 7 * 86_400
"""After a longer silence the owner begins anew and answers nothing."""
_MOST_WORDS = 400_000
_LANGUAGES_SHOWN = 6
_LINES_TO_TELL = 40
"""So many lines of a conversation tell its language."""
_LINES_BETWEEN_LOOKS = 20_000


class Spread(msgspec.Struct, frozen=True):
    """A tenth is at or below `low`, half at or below `middle`, nine tenths at or below `high`."""

    low: int = 0
    middle: int = 0
    high: int = 0
    count: int = 0


class TypeFigures(msgspec.Struct, frozen=True):
    """One contact type. `begun` of `conversations` the owner began; `delays`: his replies, cut at `DELAYS_S`."""

    name: str
    contacts: int
    lines: int
    mine: int
    conversations: int
    begun: int
    delay_s: Spread
    delays: tuple[int, ...]
    chars: Spread
    """Characters of one line of the owner's."""
    with_emoji: int
    """The owner's lines that hold an emoji."""
    emoji: tuple[tuple[str, int], ...]
    words: tuple[TopWord, ...]
    languages: tuple[tuple[str, int], ...] = ()
    """ISO 639 codes, and lines of both sides in conversations in that language; those too short to tell not counted."""


class Tally:
    """The counts of one contact type."""

    def __init__(self) -> None:
        self.lines = self.mine = self.conversations = self.begun = self.with_emoji = 0
        self.delays_s: Counter[int] = Counter()
        self.chars: Counter[int] = Counter()
        self.emoji: Counter[str] = Counter()
        self.words: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()

    def take_mine(self, text: str) -> None:
        """Count a line of the owner's."""
        self.mine += 1
        self.chars[len(text)] += 1
        self.words.update(words_of(text))
        if emoji := emoji_of(text):
            self.with_emoji += 1
            self.emoji.update(emoji)

    def figures(self, name: str, contacts: int, words: tuple[TopWord, ...]) -> TypeFigures:
        """What was counted, beside what only the whole corpus tells."""
        delays = [0] * (len(DELAYS_S) + 1)
        for delay_s, replies in self.delays_s.items():
            delays[bisect_right(DELAYS_S, delay_s)] += replies
        return TypeFigures(
            name=name,
            contacts=contacts,
            lines=self.lines,
            mine=self.mine,
            conversations=self.conversations,
            begun=self.begun,
            delay_s=spread(self.delays_s),
            delays=tuple(delays),
            chars=spread(self.chars),
            with_emoji=self.with_emoji,
            emoji=tuple(self.emoji.most_common(8)),
            words=words,
            languages=tuple(self.languages.most_common(_LANGUAGES_SHOWN)),
        )


class _Spoken:
    """The beginning of one conversation, and how many of its lines are of each contact type."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.lines: Counter[str] = Counter()

    def take(self, name: str, text: str) -> None:
        """One more line."""
        self.lines[name] += 1
        if len(self.texts) < _LINES_TO_TELL:
            self.texts.append(text)


class LinePass:
    """One look at every line. `types`: contact type by the id of a person; `hours[weekday][hour]`, Monday first."""

    def __init__(self, types: Mapping[str, str], zone: tzinfo, gap_s: float) -> None:
        self._types = types
        self._zone = zone
        self._gap_ms = gap_s * 1000
        self.tallies: dict[str, Tally] = defaultdict(Tally)
        self.months: dict[str, Counter[str]] = defaultdict(Counter)
        self.hours = [[0] * 24 for _ in range(7)]
        self.first_ms = self.last_ms = 0

    def take_chat(self, chat: CorpusChat, lines: Iterable[CorpusLine]) -> bool:
        """Count what one chat holds, oldest line first; whether it holds anything."""
        before: CorpusLine | None = None
        spoken = _Spoken()
        for number, line in enumerate(lines, 1):
            name = self._type_of(chat, line)
            if before and line.at_ms - before.at_ms >= self._gap_ms:
                self._take_language(spoken)
                spoken = _Spoken()
            spoken.take(name, line.text)
            tally = self.tallies[name]
            tally.lines += 1
            local = datetime.fromtimestamp(line.at_ms / 1000, self._zone)
            self.months[f"{local.year:04}-{local.month:02}"][name] += 1
            if line.author == "owner":
                self.hours[local.weekday()][local.hour] += 1
                tally.take_mine(line.text)
            if chat.kind == "personal":
                self._take_turn(tally, before, line)
            self.first_ms = min(self.first_ms or line.at_ms, line.at_ms)
            self.last_ms = max(self.last_ms, line.at_ms)
            before = line
            if number % _LINES_BETWEEN_LOOKS == 0:
                self._drop_rare_words()
        self._take_language(spoken)
        self._drop_rare_words()
        return before is not None

    def _take_language(self, spoken: "_Spoken") -> None:
        if language := language_of("\n".join(spoken.texts)):
            for name, lines in spoken.lines.items():
                self.tallies[name].languages[language] += lines

    def _type_of(self, chat: CorpusChat, line: CorpusLine) -> str:
        if chat.kind == "personal":
            return self._types.get(chat.contact, UNTYPED)
        return self._types.get(line.to if line.author == "owner" else line.sender, IN_GROUPS)

    def _take_turn(self, tally: Tally, before: CorpusLine | None, line: CorpusLine) -> None:
        """Who opened a conversation, and how long the owner's reply took from the line right before it."""
        gap_ms = line.at_ms - before.at_ms if before else 0
        reply = before is not None and before.author == "contact" and line.author == "owner"
        late = gap_ms > _LONGEST_DELAY_S * 1000
        if reply and not late:
            tally.delays_s[gap_ms // 1000] += 1
        if before is None or gap_ms >= self._gap_ms:
            tally.conversations += 1
            tally.begun += line.author == "owner" and (not reply or late)

    def _drop_rare_words(self) -> None:
        rarest = 1
        while sum(len(tally.words) for tally in self.tallies.values()) > _MOST_WORDS:
            for tally in self.tallies.values():
                tally.words = Counter({word: uses for word, uses in tally.words.items() if uses > rarest})
            rarest += 1


def spread(counts: Mapping[int, int]) -> Spread:
    """The spread of values that were counted (value -> how often)."""
    total = sum(counts.values())
    marks: list[int] = []
    below = 0
    for value in sorted(counts):
        below += counts[value]
        while len(marks) < 3 and below >= (0.1, 0.5, 0.9)[len(marks)] * total:
            marks.append(value)
    return Spread(marks[0], marks[1], marks[2], total) if total else Spread()
