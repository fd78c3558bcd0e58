"""The small words by which a writer is known: function words, interjections, particles. Learnt from the owner alone.

Burrows, "Delta" (2002): how far two texts are apart in the most frequent words, each in the spread it has in the
owner's own writing. Which words these are is never listed, so it works in any language: they are the ones she says
most often, and to most people, which leaves names and topics out. Pure; knows no model.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from model_server.placeholders import PLACEHOLDER
from training.likeness.distances import Floats, word_shares
from training.likeness.prompts import Said

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Chinese and Japanese: each character is taken for a word."""
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W\d_{_UNSPACED}]+(?:['’][^\W\d_{_UNSPACED}]+)*|\d+")
_UNSPACED_LETTERS = 3
"""A Chinese character says about as much as three letters."""

MOST = 60
"""Words that are compared; with more, rare ones come in, which are about topics."""
_LONGEST = 6
"""Letters of a small word."""
_FEWEST_USES = 3


def tokens_of(text: str) -> list[str]:
    """The words of a text in small letters, and the characters of what is written without spaces."""
    return [token.replace("’", "'") for token in _TOKEN.findall(PLACEHOLDER.sub(" ", text).casefold())]


def letters_in(tokens: Sequence[str]) -> int:
    """How much these words say, in letters."""
    return sum(
        _UNSPACED_LETTERS if "\u3040" <= token[0] <= "\ufaff" and len(token) == 1 else len(token) for token in tokens
    )


def learn_particles(replies: Sequence[Said], most: int = MOST) -> tuple[str, ...]:
    """The owner's small words, those of most replies first.

    Each is said to several people where she writes to several; "" is never one.
    """
    contacts = {said.contact_id for said in replies}
    uses: Counter[str] = Counter()
    heard_by: dict[str, set[str]] = {}
    for said in replies:
        for token in set(tokens_of(said.text)):
            if len(token) <= _LONGEST and not token.isdigit():
                uses[token] += 1
                heard_by.setdefault(token, set()).add(said.contact_id)
    spread = [token for token in uses if uses[token] >= _FEWEST_USES and len(heard_by[token]) >= min(3, len(contacts))]
    return tuple(sorted(spread, key=lambda token: (-uses[token], token))[:most])


def count_particles(replies: Sequence[Said], particles: Sequence[str]) -> Floats:
    """[replies, particles + 1]: uses of each, and in the last column of all words."""
    places = {token: at for at, token in enumerate(particles)}
    counts = np.zeros((len(replies), len(particles) + 1))
    for row, said in enumerate(replies):
        tokens = tokens_of(said.text)
        counts[row, -1] = len(tokens)
        for token in tokens:
            if (at := places.get(token)) is not None:
                counts[row, at] += 1
    return counts


def usual_spread(counts: Floats, replies: int, seed: int, draws: int = 200) -> Floats:
    """[particles]: how far the share of each particle strays in so many replies of the owner's own, drawn by chance."""
    lots = np.random.default_rng(seed).multinomial(replies, np.full(len(counts), 1 / len(counts)), size=draws)
    words = max(1.0, replies * counts[:, -1].mean())
    share = counts[:, :-1].sum(axis=0) / max(1.0, counts[:, -1].sum())
    # never below what chance alone does: a word that stands once in each reply does not stray at all
    by_chance: Floats = np.sqrt(np.maximum(share, 1 / words) / words)
    found: Floats = np.maximum(word_shares((lots @ counts).astype(np.float64)).std(axis=0), by_chance)
    return found
