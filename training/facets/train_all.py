"""The training of all facets, one after another: plan, train, judge, put live; the manifest last.

Each facet is a stage of its own (`facet_run`): one whose manifest names the same inputs is skipped, a killed one goes
on where it was. Knows no command line; whoever calls sets threads and niceness of the process.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from model_server.blends import BlendBook
from model_server.home import Home
from model_server.live_facets import read_live
from model_server.privacy import privacy_mark
from training.alone import alone
from training.articles.dialogue import articles_slice
from training.facets.devices import ALONE, Crew
from training.facets.facet_run import FacetRun
from training.facets.making import Making, StageDone, Told
from training.facets.progress import ProgressFile, tell_progress
from training.leaks.canaries import canaries_for, canary_seed, plant
from training.own.own_facets import check_slots, own_facets
from training.own.own_training import compare_own, small_trainer
from training.pipeline import Settings, load_for_training, make_stage, make_trainer, read_split
from training.rhythm import measure_rhythms, write_rhythms
from training.scrubbed import check_scrubbed
from training.slices import choose_slices
from training.verdict.gate import serving_book
from training.verdict.judge import Judge
from training.verdict.promotion import remove_outdated, withdraw_outdated


def train_all(
    settings: Settings,
    home: Home,
    told: Told = lambda _name, _news: None,
    only: Collection[str] = (),
    book: BlendBook | None = None,
    *,
    crew: Crew = ALONE,
) -> list[StageDone]:
    """Train and judge every facet of the corpus that is not trained already (or those named in `only`).

    `book`: the blends under which it is judged, those configured and fitted when None. `crew`: the processes that
    compute; the first calls this, the others `follow`.
    CorpusError when there is nothing to learn from, or another training runs in this home.
    """
    with only_one_training(home), tell_progress(home) as progress:
        chosen = book or serving_book(settings, home)
        return _train(settings, home, progress, crew=crew, told=told, only=only, book=chosen)


def follow(settings: Settings, home: Home, crew: Crew) -> None:
    """Compute for the first process of the crew until it is through; reads the base model, and writes nothing."""
    make_trainer(load_for_training(settings, home), settings, crew).follow()


def _train(
    settings: Settings,
    home: Home,
    progress: ProgressFile,
    *,
    crew: Crew,
    told: Told,
    only: Collection[str],
    book: BlendBook,
) -> list[StageDone]:
    mark = privacy_mark(home)  # before the corpus is read: what is forgotten from here on counts as known
    check_scrubbed(home, settings.scrub)
    split = read_split(home, settings.training)
    write_rhythms(home, measure_rhythms(split.train))
    articles = articles_slice(home, settings.training.validation, split.held_out)
    slices = choose_slices(split, articles, settings.training.min_replies)
    own = own_facets(home, split)
    names = [*(one.name for one in slices), *(one.name for one in own)]
    check_slots(len({*read_live(home), *names}), settings.facets)
    canaries = canaries_for(canary_seed(home), names, settings.likeness.canaries)
    if only:
        slices = [one for one in slices if one.name in only]
        own = [one for one in own if one.name in only]

    base = load_for_training(settings, home)
    trainer = make_trainer(base, settings, crew)
    judge = Judge(settings, home, base, split, book, canaries, mark, told)
    run = FacetRun(home, judge, progress, told)
    planted = [plant(one, canaries) for one in (*slices, *(each.slice for each in own))]
    stages = [make_stage(base, settings, one) for one in planted]
    progress.plan(tuple(stage.name for stage in stages), sum(stage.tokens * stage.epochs for stage in stages))
    shared = len(slices)
    done = [run.stage(Making(trainer, *each)) for each in zip(stages[:shared], planted[:shared], strict=True)]
    if own:
        small = small_trainer(trainer, settings)
        for each, stage, one in zip(own, stages[shared:], planted[shared:], strict=True):
            done.append(run.stage(Making(small, stage, one, compare_own(judge, each.contact), "own")))
    if not only:
        withdraw_outdated(home, names)
    remove_outdated(home)
    return done


@contextmanager
def only_one_training(home: Home) -> Iterator[None]:
    """One training a home. CorpusError while another runs."""
    hint = "wait for it (`selfsame status`), or stop it first"
    with alone(home, ".lock", "another training runs in this home", hint):
        yield
