"""The parts of a likeness report that take long, each made once and kept as long as what it depends on stays the same.

Knows which inputs each part depends on; not what is concluded from it (`measuring`).
"""

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from model_server.blends import CORE, BlendBook, in_force
from model_server.errors import FacetError
from model_server.home import Home
from model_server.live_facets import read_live
from training.conversations import Session
from training.likeness.attribution import FEWEST_TO_TELL
from training.likeness.conditions import Scores, nats_per_token
from training.likeness.control import Controls, measure_controls
from training.likeness.control_training import Told
from training.likeness.fewshot import score_with_examples
from training.likeness.figures import OVERALL, Attribution, Condition, Gap, StyleOfType
from training.likeness.kept import Kept
from training.likeness.scores import BlendFor, by_book, score_sessions
from training.likeness.style_report import style_report
from training.manifest import digest_of
from training.pipeline import Settings
from training.slices import Split, of_type
from training.whole_bank import WholeBank, open_bank

StyleParts = tuple[dict[str, StyleOfType], tuple[Attribution, ...], tuple[str, ...]]
_HELD_OUT = "held-out replies"


class _Style(msgspec.Struct, frozen=True):
    """As it is kept."""

    parts: StyleParts


@dataclass(frozen=True, slots=True)
class Parts:
    """What all parts of one report share. `live`: the facets in force, by version."""

    settings: Settings
    home: Home
    split: Split
    book: BlendBook
    live: Mapping[str, str]
    told: Told
    whole: Callable[[], WholeBank]
    """Loads the model when the first part needs it that is not kept."""

    @classmethod
    def of(
        cls, settings: Settings, home: Home, *, split: Split, book: BlendBook, live: Mapping[str, str], told: Told
    ) -> "Parts":
        """Nothing is loaded yet."""

        def whole() -> WholeBank:
            loaded = open_bank(settings, home)
            _check_same(live, loaded.live)
            return loaded

        return cls(settings, home, split, book, live, told, functools.cache(whole))

    @property
    def held_out(self) -> list[Session]:
        """Held-out conversations with contacts of known type; all of them where no contact has one."""
        every = list(self.split.held_out)
        return [session for session in every if session.contact_type] or every

    def voices(self) -> dict[Condition, Scores]:
        """Every condition but the controls, on the held-out conversations."""
        book = by_book(self.book)
        blends: dict[Condition, BlendFor] = {
            "card": lambda _session: {},
            "core": lambda _session: {CORE: 1.0},
            "own": lambda session: in_force({session.contact_type or CORE: 1.0}, self.live),
            "blend": lambda session: in_force(book(session), self.live),
        }
        if CORE not in self.live:
            del blends["core"]
        total = len(blends) + 2
        found: dict[Condition, Scores] = {"base": self._score("base", 0, total, card=False)}
        for name, blend_for in blends.items():
            found[name] = self._score(name, len(found), total, blend_for)
        if self.split.train:
            found["fewshot"] = self._few_shot(len(found), total)
        return found

    def controls(self) -> Controls:
        """The pooled facet and the shuffled controls; trained when they are not."""
        book = self.book
        set_or_given = [sorted(table.items()) for table in (book.types, book.contacts, book.defaults)]
        fitted = bool(book.fitted_types), sorted(book.fitted_contacts)
        # of a type's facet only that it is there: its place is taken by that of the label
        types = {session.contact_type for session in self.split.train}
        live = sorted((name, "" if name in types else version) for name, version in self.live.items())
        likeness = self.settings.likeness
        asked = likeness.seeds, likeness.fit_spread, likeness.contact_replies, likeness.canaries
        training = msgspec.structs.replace(self.settings.training, threads=0, nice=0)
        inputs = self._common(), training, self.settings.facets.rank, self.split, live, set_or_given, fitted, asked

        def measured() -> Controls:
            found = measure_controls(self.settings, self.home, self.split, self.held_out, self.book, self.told)
            _check_same(self.live, read_live(self.home))  # these controls stand beside what is live
            return found

        return Kept(self.home).keep("controls", digest_of(inputs), Controls, measured)

    def gap(self, blend: Scores, card: Scores) -> dict[str, Gap]:
        """Held-out conversations against as many of those that were trained on, of each type. `blend`, `card`: scores
        of the held-out ones."""
        draw = random.Random(self.settings.training.seed)  # noqa: S311 - a lot, not a secret
        sample: list[Session] = []
        for contact_type in sorted({session.contact_type for session in self.held_out}):
            known = of_type(self.split.train, contact_type)
            size = sum(session.contact_type == contact_type for session in self.held_out)
            sample += draw.sample(known, min(size, len(known)))
        book = by_book(self.book)
        learned = self._score("blend on what it learned", 0, 2, lambda one: in_force(book(one), self.live), sample)
        base = self._score("card on what it learned", 1, 2, lambda _session: {}, sample)
        gaps: dict[str, Gap] = {}
        for name in (*sorted({session.contact_type for session in sample} - {""}), OVERALL):
            replies = sum(session.replies for session in sample if name in (OVERALL, session.contact_type))
            train, held_out, base_train, base_held_out = (
                nats_per_token(scores, name) for scores in (learned, blend, base, card)
            )
            if train and held_out and base_train and base_held_out:
                gaps[name] = Gap(
                    train=round(train, 4),
                    held_out=round(held_out, 4),
                    base_train=round(base_train, 4),
                    base_held_out=round(base_held_out, 4),
                    replies=replies,
                )
        return gaps

    def style(self) -> StyleParts:
        """What is generated, against what the owner wrote in chats."""
        if not self.split.train:
            return {}, (), ()
        if (most := self.settings.likeness.generated) < FEWEST_TO_TELL:
            why = f"`generated` in [likeness] is {most}, and {FEWEST_TO_TELL} replies to a contact type are needed"
            return {}, (), (f"style was not measured: {why}",)
        likeness, book = self.settings.likeness, by_book(self.book)
        blends = {(one.contact_type, one.contact_id): sorted(book(one).items()) for one in self.held_out}
        asked = likeness.generated, likeness.resamples, self.settings.training.seed, self.settings.engine
        inputs = self.settings.facets.rank, self.split, sorted(self.live.items()), sorted(blends.items())

        def told(done: int, total: int) -> None:
            self.told("generated replies", done, total)

        def made() -> _Style:
            return _Style(style_report(self.whole(), self.settings, self.home, self.split, self.book, told))

        return Kept(self.home).keep("style", digest_of(self._common(), asked, inputs), _Style, made).parts

    def _score(
        self,
        name: str,
        done: int,
        total: int,
        blend_for: BlendFor = lambda _session: {},
        sessions: Sequence[Session] | None = None,
        *,
        card: bool = True,
    ) -> Scores:
        chosen = self.held_out if sessions is None else sessions
        blends = [sorted(blend_for(session).items()) for session in chosen]
        versions = sorted((facet, self.live[facet]) for facet in {facet for blend in blends for facet, _ in blend})
        return self._kept(
            name,
            (chosen, blends, versions, card),
            lambda: score_sessions(
                self.whole(), self.settings, chosen, blend_for, card=card, told=self._telling(done, total)
            ),
        )

    def _few_shot(self, done: int, total: int) -> Scores:
        chosen, train = self.held_out, self.split.train
        return self._kept(
            "fewshot",
            (chosen, train, self.settings.likeness.examples, self.settings.training.seed),
            lambda: score_with_examples(self.whole(), self.settings, chosen, train, self._telling(done, total)),
        )

    def _kept(self, name: str, inputs: Any, make: Callable[[], Sequence[Any]]) -> Scores:
        return Kept(self.home).keep(
            name.replace(" ", "-"), digest_of(self._common(), inputs), Scores, lambda: tuple(make())
        )

    def _telling(self, before: int, total: int) -> Callable[[int, int], None]:
        return lambda done, of: self.told(_HELD_OUT, before + done / max(of, 1), total)

    def _common(self) -> Any:
        one = self.settings
        length = (one.training.row_tokens, one.training.session_tokens)
        return one.model.name, one.owner, one.facets.layers, one.scrub, length


def _check_same(before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """FacetError when what is live is not what is being measured: a night's training may end at any time."""
    if dict(before) != dict(now):
        raise FacetError("other facets went live while this was measured", "run the same command again")
