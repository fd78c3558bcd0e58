"""Can a classifier tell? For whom a reply was meant, and whether the owner or the clone wrote it.

Logistic regression on character n-grams, the plain and strong baseline of authorship attribution (Stamatatos 2009),
beside length and shape. Knows texts alone. Accuracies are balanced: each label counts the same, however often it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from training.likeness.distances import Floats
from training.likeness.figures import Attribution, Interval
from training.likeness.style import bubbles_of, marks_of
from training.report.words import emoji_of

CONTACT_TYPE, CLONE = "contact_type", "clone"
FEWEST_TO_LEARN = 20
"""Replies of each label from which a classifier learns."""
FEWEST_TO_TELL = 5
_MOST_TO_LEARN = 1500
"""Of each label, the latest: more teach nothing about a style."""
_FEWEST_TEXTS = 2
"""An n-gram of fewer texts is no habit."""
_FOLDS = 5
_OWNER = "owner"


def tell_contact_type(
    earlier: Mapping[str, Sequence[str]],
    clone: Mapping[str, Sequence[str]],
    owner: Mapping[str, Sequence[str]],
    resamples: int,
    seed: int,
) -> Attribution | None:
    """Learn contact types from the owner's earlier replies (type -> texts), tell them from the clone's and, as what can
    be expected, from her held-out ones. None with fewer than two types that have enough."""
    types = [
        name
        for name in sorted(clone)
        if len(earlier.get(name, ())) >= FEWEST_TO_LEARN and len(clone[name]) >= FEWEST_TO_TELL
    ]
    if len(types) < 2:
        return None
    learned = [(text, name) for name in types for text in earlier[name][-_MOST_TO_LEARN:]]
    model = _learn([text for text, _ in learned], [name for _, name in learned], seed)
    truth, told = _told(model, {name: clone[name] for name in types})
    own_truth, own_told = _told(model, {name: owner.get(name, ()) for name in types})
    right = truth == told
    confusion: dict[str, dict[str, int]] = {name: dict.fromkeys(types, 0) for name in types}
    for (true, said), count in Counter(zip(truth.tolist(), told.tolist(), strict=True)).items():
        confusion[true][said] = count
    return Attribution(
        name=CONTACT_TYPE,
        title="whom a reply is meant for",
        source="logistic regression on character n-grams (Stamatatos 2009), learned from the owner's earlier replies",
        accuracy=_balanced(right, truth),
        ci=_interval(right, truth, resamples, seed),
        chance=1 / len(types),
        reference=_balanced(own_truth == own_told, own_truth) if len(own_truth) else None,
        replies=len(truth),
        confusion=confusion,
    )


def tell_clone(
    clone: Sequence[str],
    owner: Sequence[str],
    earlier: Sequence[Sequence[str]],
    resamples: int,
    seed: int,
) -> Attribution | None:
    """The classifier two-sample test (Lopez-Paz and Oquab 2017): `clone[i]` and `owner[i]` answer the same line.

    `earlier`: about as many of the owner's earlier replies, drawn several times; how well those can be told from her
    held-out ones is the reference. None with too few replies.
    """
    if len(clone) < FEWEST_TO_LEARN:
        return None
    told = _cross_validated(clone, owner, seed)
    truth = np.array([CLONE] * len(clone) + [_OWNER] * len(owner))
    right = told == truth
    confusion = {
        true: {said: int(((truth == true) & (told == said)).sum()) for said in (CLONE, _OWNER)}
        for true in (CLONE, _OWNER)
    }
    return Attribution(
        name=CLONE,
        title="clone or owner",
        source="classifier two-sample test (Lopez-Paz and Oquab 2017), cross-validated; a line stays with both replies",
        accuracy=_balanced(right, truth),
        ci=_paired_interval(right, len(clone), resamples, seed),
        chance=0.5,
        reference=_then_and_now(owner, earlier, seed),
        replies=len(clone),
        confusion=confusion,
    )


def _then_and_now(owner: Sequence[str], earlier: Sequence[Sequence[str]], seed: int) -> float | None:
    """How well the owner's earlier replies are told from her held-out ones; a mean, for one draw says little."""
    found = []
    for then in earlier:
        now = owner[: len(then)]
        if len(now) >= FEWEST_TO_LEARN:
            truth = np.array([CLONE] * len(now) + [_OWNER] * len(now))
            found.append(_balanced(_cross_validated(then[: len(now)], now, seed) == truth, truth))
    return float(np.mean(found)) if found else None


def _learn(texts: Sequence[str], labels: Sequence[str], seed: int) -> Any:
    """A classifier of these labels."""
    shape = make_pipeline(FunctionTransformer(_shapes), StandardScaler())
    # C=10: weights are hardly shrunk, as tf-idf rows are of length one
    judge = LogisticRegression(C=10, class_weight="balanced", max_iter=1000, random_state=seed)
    if max(Counter(letter for text in texts for letter in set(text)).values(), default=0) < _FEWEST_TEXTS:
        return make_pipeline(shape, judge).fit(texts, labels)  # nothing but single emoji, or nothing at all
    grams = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 4), lowercase=False, min_df=_FEWEST_TEXTS, sublinear_tf=True
    )
    return make_pipeline(make_union(grams, shape), judge).fit(texts, labels)


def _shapes(texts: Sequence[str]) -> Floats:
    """[texts, 5]: what rows of length one do not show."""
    rows = [
        (
            np.log1p(len(text)),
            len(bubbles_of(text)),
            len(emoji_of(text)),
            len(marks_of(text)) / (1 + len(text)),
            sum(map(str.isupper, text)) / (1 + len(text)),
        )
        for text in texts
    ]
    return np.array(rows, dtype=np.float64)


def _cross_validated(clone: Sequence[str], owner: Sequence[str], seed: int) -> NDArray[np.str_]:
    """What each text is told to be by a classifier that has seen neither it nor the other reply to its line."""
    texts = np.array([*clone, *owner], dtype=object)
    labels = np.array([CLONE] * len(clone) + [_OWNER] * len(owner))
    lines = np.array([*range(len(clone)), *range(len(owner))])
    told = np.empty_like(labels)
    for learn, tell in StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed).split(texts, labels, lines):
        told[tell] = _learn(texts[learn], labels[learn], seed).predict(texts[tell])
    return told


def _told(model: Any, texts: Mapping[str, Sequence[str]]) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """True labels and those told."""
    truth = np.array([name for name, found in texts.items() for _ in found], dtype=np.str_)
    flat = [text for found in texts.values() for text in found]
    return truth, (np.asarray(model.predict(flat), dtype=np.str_) if flat else truth)


def _balanced(right: NDArray[np.bool_], truth: NDArray[np.str_]) -> float:
    return float(np.mean([right[truth == label].mean() for label in np.unique(truth)]))


def _interval(right: NDArray[np.bool_], truth: NDArray[np.str_], resamples: int, seed: int) -> Interval:
    """Bootstrap (Efron 1979) over replies, each label by itself."""
    draw = np.random.default_rng(seed)
    by_label: dict[str, NDArray[np.bool_]] = {str(label): right[truth == label] for label in np.unique(truth)}
    means = [draw.binomial(len(found), found.mean(), resamples) / len(found) for found in by_label.values()]
    low, high = np.percentile(np.mean(means, axis=0), (2.5, 97.5))
    return float(low), float(high)


def _paired_interval(right: NDArray[np.bool_], lines: int, resamples: int, seed: int) -> Interval:
    """Bootstrap over lines, each with both its replies."""
    both = right.reshape(2, lines).mean(axis=0)
    draws = np.random.default_rng(seed).multinomial(lines, np.full(lines, 1 / lines), size=resamples)
    low, high = np.percentile(draws @ both / lines, (2.5, 97.5))
    return float(low), float(high)
