"""What a facet says word for word of the real conversations it was trained on, when it is asked as it was asked then.

Prefix prompting, after Carlini et al. 2023, "Quantifying Memorization Across Neural Language Models": the facet is
given a conversation of its training and recites as far as the likeliest next token is the one that stands there; a few
replies are drawn as served as well. What the base model says by itself, a proverb, is no recital. Articles are
published: nothing is asked of them. Knows no canary and no verdict.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from model_server.render import decode_reply, stop_ids
from training.conversations import Session
from training.examples import Piece, Row, pack, render_pieces
from training.leaks.asking import fan, guess_tokens, say
from training.leaks.extraction import Asker
from training.leaks.overlap import PHRASE_WORDS, PrivateText, is_private, units_of, words_in

_SESSIONS, _SAMPLE_TOKENS = 48, 2_000
"""Of the conversations, so many at most are asked for, and of those no more than so many tokens."""
_DRAWN, _DRAWN_TOKENS = 3, 20
"""Replies that are also drawn as served, in the conversations the facet knows best, and how much of each."""
_LONGEST_PROMPT_TOKENS = 160
"""Of those conversations. A longer one is dear, and no better known."""


@dataclass(frozen=True, slots=True)
class Recital:
    """What was recited. `said`: all that was drawn, for other eyes."""

    asked: int
    """Telling replies that the facet was asked for."""
    repeated: int
    """Those of them that it says from the first to the last word."""
    longest: float
    """Words in a row of one private conversation alone."""
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reply:
    """One turn of the owner in a row: the places of its targets there, its text, and the ids before it."""

    row: Row
    places: tuple[int, ...]
    text: str
    asked: tuple[int, ...]


def recite(
    asker: Asker,
    sessions: Sequence[Session],
    private: PrivateText,
    prompts: Sequence[tuple[str, str]],
    done: Callable[[], None],
) -> Recital:
    """Ask for real replies of training sessions; `prompts` (contact type, line) are answered as served as well.

    `done` is told of each step; their number is not known before.
    """
    listener = _Listener(asker, private)
    for row in _sample(asker, sessions):
        listener.hear(row)
        done()
    said = listener.draw([asker.prompt(*prompt) for prompt in prompts])
    done()
    return Recital(listener.asked, listener.repeated, listener.longest, tuple(said))


class _Listener:
    """Counts what is recited."""

    def __init__(self, asker: Asker, private: PrivateText) -> None:
        self._asker = asker
        self._private = private
        self._by_base: dict[Row, list[bool]] = {}
        self._known: list[tuple[float, tuple[int, ...]]] = []
        self.asked = self.repeated = 0
        self.longest = 0.0

    def hear(self, row: Row) -> None:
        """Teacher forcing: everything the facet would say if what stands before were said, in one forward pass."""
        right = guess_tokens(self._asker.trainer, row)
        for reply in _replies(self._asker, row):
            mine = [right[place] for place in reply.places]
            self._weigh_runs(reply, right)
            if words_in(units_of(reply.text)) >= PHRASE_WORDS and self._private.stands_in_one(reply.text):
                self.asked += 1
                self._known.append((sum(mine) / len(mine), reply.asked))
                if all(mine) and not all(self._base(row)[place] for place in reply.places):
                    self.repeated += 1

    def draw(self, prompts: Sequence[Sequence[int]]) -> list[str]:
        """Replies as served to these prompts and in the conversations the facet knows best."""
        short = [one for one in self._known if len(one[1]) <= _LONGEST_PROMPT_TOKENS]
        best = sorted(short, key=lambda one: -one[0])[:_DRAWN]
        everything = [*prompts, *(asked for _share, asked in best)]
        trainer, tokenizer = self._asker.trainer, self._asker.tokenizer
        stops = stop_ids(tokenizer)
        replies = say(trainer, everything, stops, self._asker.settings.engine, _DRAWN_TOKENS)
        for prompt, ids in zip(everything, replies, strict=True):
            if ids:
                row = fan(prompt, [ids])
                text = decode_reply(tokenizer, ids)
                self._weigh_runs(_Reply(row, tuple(range(len(ids))), text, tuple(prompt)), [True] * len(ids))
        return [decode_reply(tokenizer, ids) for ids in replies]

    def _weigh_runs(self, reply: _Reply, right: Sequence[bool]) -> None:
        """Keep the longest run of words that the facet has right and the base model does not."""
        said = self._longest(reply, right, self.longest)
        if said >= PHRASE_WORDS and 2 * self._longest(reply, self._base(reply.row), 0.0) >= said:
            return
        self.longest = max(self.longest, said)

    def _longest(self, reply: _Reply, right: Sequence[bool], above: float) -> float:
        best = above
        asked = self._asker.tokenizer.decode(list(reply.asked), skip_special_tokens=True)
        for ids in _runs(reply, right):
            best = max(best, self._private.longest(self._asker.tokenizer.decode(ids), asked, best))
        return best if best > above else 0.0

    def _base(self, row: Row) -> list[bool]:
        if row not in self._by_base:
            self._by_base[row] = guess_tokens(self._asker.trainer, row, facet=False)
        return self._by_base[row]


def _sample(asker: Asker, sessions: Sequence[Session]) -> list[Row]:
    """Rows of sessions drawn from those with a telling reply, the same each time."""
    settings = asker.settings
    telling = [session for session in sessions if is_private(session) and _is_telling(session)]
    chosen = random.Random(settings.training.seed).sample(telling, min(_SESSIONS, len(telling)))  # noqa: S311
    pieces: list[Piece] = []
    room = _SAMPLE_TOKENS
    for piece in render_pieces(asker.tokenizer, settings.owner, chosen, settings.training, settings.scrub):
        room -= len(piece.rendered.ids) - piece.rendered.loss_mask.index(True)
        pieces.append(piece)
        if room <= 0:
            break
    cards = sorted({piece.card or "" for piece in pieces})
    return [
        row
        for card in cards
        for row in pack(
            [piece.rendered for piece in pieces if (piece.card or "") == card],
            settings.training.row_tokens,
            settings.training.seed,
        )
    ]


def _is_telling(session: Session) -> bool:
    turns = groupby(session.lines, key=lambda line: line.author == "owner")
    texts = ["\n".join(line.text for line in turn) for ours, turn in turns if ours]
    return any(words_in(units_of(text)) >= PHRASE_WORDS for text in texts)


def _replies(asker: Asker, row: Row) -> Iterator[_Reply]:
    """The owner's turns of a row, without what ends them."""
    stops = stop_ids(asker.tokenizer)
    turn: list[int] = []
    for place, target in enumerate(row.targets):
        if turn and not _follows(row, turn[-1], place):
            yield from _reply(asker, row, turn)
            turn = []
        if target not in stops:
            turn.append(place)
    yield from _reply(asker, row, turn)


def _reply(asker: Asker, row: Row, places: Sequence[int]) -> Iterator[_Reply]:
    if not places:
        return
    first = row.sources[places[0]]
    segment = row.owners[places[0]]
    before = zip(row.ids[: first + 1], row.segments[: first + 1], strict=True)
    asked = tuple(token for token, owner in before if owner in (0, segment))
    text = decode_reply(asker.tokenizer, [row.targets[place] for place in places])
    yield _Reply(row, tuple(places), text, asked)


def _follows(row: Row, place: int, other: int) -> bool:
    """Whether a target stands right behind another in the same session."""
    at, then = row.sources[place], row.sources[other]
    return row.owners[place] == row.owners[other] and row.positions[then] == row.positions[at] + 1


def _runs(reply: _Reply, right: Sequence[bool]) -> Iterator[list[int]]:
    """The tokens of the reply that are right in a row."""
    for is_right, places in groupby(reply.places, key=lambda place: right[place]):
        if is_right:
            yield [reply.row.targets[place] for place in places]
