"""What the owner sees of a training: a bar on a terminal, a line for each facet anywhere else. All of it on stderr.

Knows the news of `pipeline`, not how they come about.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from training.facets.making import Judging, StageDone
from training.facets.progress import smooth
from training.facets.train_facet import Step


class TrainingReporter:
    """A context for one training; `told` is what `train_all` calls."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"))
        self._progress = Progress(*columns, TimeRemainingColumn(), console=self._console, transient=True)
        self._what = "loading the base model"
        self._task = self._progress.add_task(self._what, total=None, figures="")
        self._tokens_per_s: float | None = None

    def __enter__(self) -> "TrainingReporter":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def told(self, facet: str, news: Step | Judging | StageDone) -> None:
        """A step of a facet, how far it is judged, or its end."""
        if isinstance(news, Step):
            self._tokens_per_s = smooth(self._tokens_per_s, news.tokens / max(news.seconds, 1e-6))
            self._show(facet, news.step, news.steps, f"loss {news.loss:.3f}  {self._tokens_per_s:.0f} tokens/s")
            return
        if isinstance(news, Judging):
            self._show(f"{facet}: {news.what}", news.done, news.total, "")
            return
        came = news.manifest
        how = "was trained already" if news.skipped else f"trained in {came.seconds:.0f} s"
        losses = f"validation {came.validation_before:.3f} → {came.validation_after:.3f} nats per token"
        if not came.validation_before:
            losses = "too few conversations to validate it"
        if not came.promoted:
            losses += f"; refused: {came.reason}"
        self._console.print(f"facet {facet}: {how}, {losses}", highlight=False)

    def _show(self, what: str, done: int, total: int, figures: str) -> None:
        """Move the bar; something new begins it anew, at `done` already, so that the time left is of this alone."""
        if what != self._what:
            self._what = what
            self._progress.reset(self._task, completed=done, total=total or None, description=what)
        self._progress.update(self._task, completed=done, total=total or None, figures=figures)


def note_without_facet(counts: Mapping[str, int], min_replies: int) -> list[str]:
    """A sentence for each contact type that got no facet; `counts`: its replies to learn from."""
    return [
        f"{contact_type}: {count} replies to learn from, a facet needs {min_replies} → answered by `core` until then"
        if contact_type
        else f"{count} replies to contacts without a type teach `core` alone → selfsame contacts set NAME TYPE"
        for contact_type, count in sorted(counts.items(), reverse=True)
    ]


@contextmanager
def bar() -> Iterator[tuple[Progress, TaskID]]:
    """One bar on stderr, for as long as the context lasts."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress, progress.add_task("held-out replies", total=None)
