"""How far a long command is, on stderr: a bar on a terminal, a line now and then where a bar would not be seen.

Torch-free, so that it stands before the model is loaded. Knows tasks by their description, not what they are.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LOADING = "loading the base model"
_LOOK_EVERY_S = 0.5
_SAY_EVERY_S = 30.0


@contextmanager
def bar(*columns: ProgressColumn, doing: str = LOADING) -> Iterator[tuple[Progress, TaskID]]:
    """One bar, for as long as the context lasts. `columns`: after the bar, before the times."""
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), *columns, *times, console=stderr_console(), transient=True
    )
    task = progress.add_task(doing, total=None, figures="")
    with seen(progress):
        yield progress, task


def begin(progress: Progress, task_id: TaskID, doing: str, done: int, total: int) -> None:
    """Something new on a bar: at `done` already, so that the time left is of this alone. `total` 0: nobody knows."""
    progress.reset(task_id, completed=done, description=doing, figures="")
    task = next(task for task in progress.tasks if task.id == task_id)
    task.total = total or None  # `reset` and `update` would keep the one before


def stderr_console() -> Console:
    """Where all of it is shown."""
    return Console(stderr=True)


@contextmanager
def seen(progress: Progress, every_s: float = _SAY_EVERY_S) -> Iterator[None]:
    """Show the bars; where there is no terminal, a line instead whenever something new begins, and so often."""
    if progress.console.is_terminal:
        with progress:
            yield
        return
    over = threading.Event()
    saying = threading.Thread(target=_say, args=(progress, every_s, over), daemon=True)
    saying.start()
    try:
        yield
    finally:
        over.set()
        saying.join()


def _say(progress: Progress, every_s: float, over: threading.Event) -> None:
    doing, again_at = "", 0.0
    while True:
        task = next((task for task in reversed(progress.tasks) if task.visible and not task.finished), None)
        if task is not None and (task.description != doing or time.monotonic() >= again_at):
            doing, again_at = task.description, time.monotonic() + every_s
            progress.console.print(in_words(task), markup=False, highlight=False, soft_wrap=True)
        if over.wait(_LOOK_EVERY_S):
            return


def in_words(task: Task) -> str:
    """`core: 35 %, 8 min left`; how long it has taken where nobody knows how long it will."""
    if task.total is None:
        return task.description if not task.elapsed or task.elapsed < 1 else f"{task.description}, {task.elapsed:.0f} s"
    left = "" if not task.time_remaining else f", {_time(task.time_remaining)} left"
    return f"{task.description}: {task.percentage:.0f} %{left}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
