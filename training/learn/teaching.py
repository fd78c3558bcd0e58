"""One facet from its lessons to its verdict: taught in its place, audited, compared, and live or refused.

A candidate passes the same gate as any other facet (`gate`, `promotion`), and must besides do better on the lessons
that were held out. Resumable: a course goes on from its last epoch, and one that is through is not repeated for its
verdict. Knows plans and the home; not where lessons come from.
"""

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from model_server.base_model import BaseModel
from model_server.blends import BlendBook, resolve
from model_server.contract import Blend
from model_server.errors import FacetError
from model_server.facet_files import Facet, store_version, write_facet
from model_server.home import Home
from model_server.live_facets import VersionRecord, read_live, read_versions
from model_server.privacy import left_to_forget
from training.articles.dialogue import articles_slice
from training.conversations import Session
from training.facets.train_all import only_one_training
from training.facets.train_facet import Trainer
from training.leaks.audit import Audit, audit
from training.leaks.canaries import Canary, canaries_for, canary_seed, is_canary, plant, planted_in
from training.learn.corrections import Lesson, as_conversations, without_taught
from training.learn.examples import Rehearsal, examples_of, rehearse, tokens_of
from training.learn.learning import Course, Learner
from training.learn.now import Told, tell_now
from training.learn.outcome import Taught, Trait, waiting
from training.learn.planning import Plan
from training.learn.state import FacetState, learning_dir, place, read_states, write_state
from training.learn.traits import traits_of
from training.learn.verdict import drift_of, verdict_on
from training.likeness.scores import Apart
from training.own.own_facets import own_facets
from training.pipeline import Settings, load_for_training, make_trainer, read_split
from training.slices import Slice, Split, choose_slices
from training.verdict.gate import change_of, heard_in, serving_bank
from training.verdict.promotion import Verdict, promote, remove_surplus, with_figures

log = structlog.get_logger()

_VALIDATION_TOKENS = 16_000
"""Of rows that tell what an epoch costs elsewhere: it is a brake, the verdict is made on all that is held out."""


@dataclass(frozen=True, slots=True)
class _School:
    """What all courses of one learning share."""

    settings: Settings
    home: Home
    base: BaseModel
    book: BlendBook
    split: Split
    slices: dict[str, Slice]
    canaries: tuple[Canary, ...]
    told: Told


def teach_all(
    settings: Settings,
    home: Home,
    plans: Sequence[Plan],
    book: BlendBook,
    told: Told = lambda _facet, _what, _done, _total, _loss: None,
) -> list[Taught]:
    """Carry out the plans that are ready, `core` first. `book`: the blends in force.

    CorpusError when another training runs in this home, or there is no corpus.
    """
    others = [waiting(plan) for plan in plans if not plan.ready]
    ready = sorted((plan for plan in plans if plan.ready), key=lambda plan: (plan.facet != "core", plan.facet))
    if not ready:
        return others
    with only_one_training(home), tell_now(home, told) as telling:
        split = read_split(home, settings.training)
        articles = articles_slice(home, settings.training.validation, split.held_out)
        slices = choose_slices(split, articles, settings.training.min_replies)
        slices += [one.slice for one in own_facets(home, split)]
        canaries = canaries_for(canary_seed(home), [one.name for one in slices], settings.likeness.canaries)
        planted = {one.name: plant(one, canaries) for one in slices}
        base = load_for_training(settings, home)
        school = _School(settings, home, base, book, split, planted, canaries, telling)
        trainer = make_trainer(base, settings)
        return [*(_teach(school, trainer, plan) for plan in ready), *others]


def _teach(school: _School, trainer: Trainer, plan: Plan) -> Taught:
    started = time.monotonic()
    settings, home, name = school.settings, school.home, plan.facet
    place_of = learning_dir(home) / name
    place_of.mkdir(mode=0o700, parents=True, exist_ok=True)
    checkpoint = place_of / "checkpoint.safetensors"
    live = read_live(home)[name]
    drift = drift_of(read_versions(home), name)
    school.told(name, "getting ready", 0, 0, None)  # what is so far, on lessons and old replies: a minute or two
    with serving_bank(trainer, school.base, settings, home) as whole:
        if whole.live.get(name) != live:
            raise FacetError(f"the live version of `{name}` cannot be loaded", "train it anew: selfsame train")
        traits = _traits(school, plan)
        course = _course(school, plan, live, drift, traits)
        learner = Learner(whole, course, settings.learning, settings.training.seed)
        learned = learner.learn(checkpoint, lambda at, of, loss: school.told(name, "learning", at, of, loss))
        whole.bank.write_slot(learner.slot, learner.start)
        change = change_of(
            whole,
            settings,
            school.book,
            name=name,
            candidate=learned.facet,
            sessions=without_taught(school.split.held_out, (*plan.known, *plan.lessons)),
            apart=frozenset(trait.place for trait in traits),
            told=lambda done, total: school.told(name, "held-out replies", done, total, None),
        )
    version = _store(school, name, learned.facet)
    found = _audit(school, trainer, plan, learned.facet)
    verdict = verdict_on(
        found,
        change,
        settings.likeness.tolerance,
        drift=drift,
        unchanged=version == live,
        better=learned.habit.better,
    )
    if left_to_forget(home, plan.mark):
        verdict = Verdict(False, "it knows what was forgotten or cut while it was taught", leaks=True)
    _note_known(home, plan, version)
    if version != live:
        record = VersionRecord(
            facet=name,
            version=version,
            at_ms=time.time_ns() // 1_000_000,
            made_by="learn",
            state="candidate",
            parent=live,
            validation=None if learned.validation_after is None else round(learned.validation_after, 4),
            privacy=plan.mark,
        )
        promote(home, with_figures(record, found, change), verdict)
        remove_surplus(home, name)
    _note_tried(home, plan)
    checkpoint.unlink(missing_ok=True)
    seconds = time.monotonic() - started
    state: Literal["live", "refused"] = "live" if verdict.promote else "refused"
    log.info("facet_taught", facet=name, version=version, state=state, ms=round(seconds * 1000))
    return Taught(
        facet=name,
        state=state,
        new=plan.fresh,
        needed=plan.needed,
        reason=verdict.reason,
        version=version,
        lessons=len(course.lessons),
        epochs=learned.epochs,
        habit=learned.habit,
        traits=traits,
        likeness_change=None if change is None else change.share,
        likeness_ci=None if change is None else change.ci,
        seconds=round(seconds, 1),
    )


def _course(school: _School, plan: Plan, version: str, drift: float, traits: Sequence[Trait]) -> Course:
    settings, book, name = school.settings, school.book, plan.facet
    tokenizer = school.base.tokenizer

    def of_lesson(lesson: Lesson) -> Blend:
        return resolve(book, lesson.contact_type, lesson.contact_id)

    def of_session(session: Session) -> Blend:
        return resolve(book, session.contact_type, session.contact_id)

    apart = frozenset(trait.place for trait in traits)

    def sample(sessions: Sequence[Session], tokens: float, what: str, apart: Apart = apart) -> list[Rehearsal]:
        drawn = random.Random(f"{settings.training.seed} {name} {what}")  # noqa: S311  # an order, not a secret
        return rehearse(
            tokenizer, settings, drawn.sample(sessions, len(sessions)), of_session, most_tokens=tokens, apart=apart
        )

    lessons = examples_of(tokenizer, settings, plan.lessons, of_lesson)
    spoken = [session for session in _slice_of(school, name).train if not is_canary(session)]
    budget = settings.learning.replay * tokens_of(lessons) * settings.learning.epochs
    again = sample([one.told(one.wanted) for one in plan.known], budget / 2, "known", frozenset())
    untaught = without_taught(school.split.validation, (*plan.known, *plan.lessons))
    heard = heard_in(name, book, read_live(school.home), untaught)
    return Course(
        facet=name,
        version=version,
        lessons=lessons,
        held_out=examples_of(tokenizer, settings, plan.held_out, of_lesson),
        rehearsals=[*again, *sample(spoken, budget - tokens_of(again), "slice")],
        validation=sample(heard, _VALIDATION_TOKENS, "validation"),
        tolerance=min(settings.likeness.tolerance, max(0.0, settings.likeness.tolerance - drift)),
    )


def _traits(school: _School, plan: Plan) -> tuple[Trait, ...]:
    """What the corrections say again and again, those that are learned already included."""
    tokenizer = school.base.tokenizer
    found = examples_of(tokenizer, school.settings, (*plan.known, *plan.lessons), lambda _lesson: {})
    return traits_of(found, lambda token_id: str(tokenizer.decode([token_id])))


def _slice_of(school: _School, name: str) -> Slice:
    return school.slices.get(name) or Slice(name, (), ())


def _audit(school: _School, trainer: Trainer, plan: Plan, facet: Facet) -> Audit:
    """Of what it learned before, canaries included, and of the lessons as well: they are private too.

    But not of what the owner let pass: those are its own words.
    """
    one = _slice_of(school, plan.facet)
    his = [lesson for lesson in (*plan.known, *plan.lessons) if lesson.wanted and not lesson.approved]
    whole = Slice(one.name, (*one.train, *as_conversations(his)), one.validation)
    trainer.bank.write_slot(0, facet)
    canaries = planted_in(whole, school.canaries)
    return audit(
        trainer,
        school.base.tokenizer,
        school.settings,
        whole,
        canaries,
        lambda questions: school.told(plan.facet, "leak audit", questions, 0, None),
    )


def _store(school: _School, name: str, facet: Facet) -> str:
    with tempfile.TemporaryDirectory(dir=school.home.runs_dir) as directory:
        write_facet(facet, Path(directory), school.base.name)
        return store_version(school.home, name, Path(directory))


def _note_known(home: Home, plan: Plan, version: str) -> None:
    """What this version has learned. Before it goes live: a kill in between must not have it learn that twice."""
    before = read_states(home).get(plan.facet, FacetState())
    learnt = max((one.entry_id for one in plan.lessons), key=place)
    write_state(home, plan.facet, msgspec.structs.replace(before, known={**before.known, version: learnt}))


def _note_tried(home: Home, plan: Plan) -> None:
    """With what a training was made, whatever came of it."""
    before = read_states(home).get(plan.facet, FacetState())
    newest = max((one.entry_id for one in (*plan.lessons, *plan.held_out)), key=place)
    changes = {"tried": newest, "at_ms": time.time_ns() // 1_000_000}
    write_state(home, plan.facet, msgspec.structs.replace(before, **changes))
