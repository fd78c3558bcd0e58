"""What the owner sees of a training: a bar, and a line for each facet. All of it on stderr.

Knows the news of `pipeline`, not how they come about.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType

from rich.progress import TextColumn

from training.bars import LOADING, bar, begin
from training.facets.making import Judging, StageDone
from training.facets.progress import smooth
from training.facets.train_facet import Step
from training.plural import many


class TrainingReporter:
    """A context for one training; `told` is what `train_all` calls."""

    def __init__(self) -> None:
        self._shown = ExitStack()
        self._what = LOADING
        self._tokens_per_s: float | None = None

    def __enter__(self) -> "TrainingReporter":
        self._progress, self._task = self._shown.enter_context(bar(TextColumn("{task.fields[figures]}")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.close()

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
        figures = f"{came.validation_before:.3f} → {came.validation_after:.3f}"
        losses = f"nats per token of its validation replies {figures}, lower is closer to you"
        if not came.validation_before:
            losses = "too few conversations to validate it"
        if not came.promoted:
            losses += f"; refused: {came.reason}"
        self._progress.console.print(f"facet {facet}: {how}, {losses}", highlight=False)

    def _show(self, what: str, done: int, total: int, figures: str) -> None:
        """Move the bar; something new begins it anew."""
        if what != self._what:
            self._what = what
            begin(self._progress, self._task, what, done, total)
        self._progress.update(self._task, completed=done, total=total or None, figures=figures)


def note_without_facet(counts: Mapping[str, int], min_replies: int) -> list[str]:
    """A sentence for each contact type that got no facet; `counts`: its replies to learn from."""
    notes: list[str] = []
    for contact_type, count in sorted(counts.items(), reverse=True):
        replies = many(count, "reply", "replies")
        notes.append(
            f"{contact_type}: {replies} to learn from, a facet needs {min_replies} → answered by `core` until then"
            if contact_type
            else f"{replies} to contacts without a type, or to nobody in particular in a group, teach `core` alone "
            "→ selfsame contacts"
        )
    return notes
