"""Every night `selfsame learn`, as a process of its own: this one stays small and only waits. No torch, no Redis.

A trigger in memory, no more: what there is to learn, and what has been, lies in the home. A night that was slept
through is made up for within hours; a learning that still runs is not started twice. Where a facet may know who was
forgotten, it is trained anew before. Beside it, minute by minute, goes what is to be tidied soon after.
"""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from model_server.errors import SelfsameError
from model_server.home import Home
from training.verdict.promotion import outdated_facets

log = structlog.get_logger()

_LATEST_S = 6 * 3600
_GRACE_S = 20.0
_TIDY_EVERY_S = 60


class Nightly:
    """Runs the commands it is given at one time of the day (`03:30`; "": never), and `tidy` every minute. `run` returns
    when the process is told to end."""

    def __init__(
        self,
        commands: Callable[[], Iterable[Sequence[str]]],
        at: str,
        zone: tzinfo,
        tidy: Callable[[], object] = lambda: None,
    ) -> None:
        self._commands = commands
        self._tidy = tidy
        self._zone = zone
        self._trigger = _daily(at, zone) if at else None
        self._child: subprocess.Popen[bytes] | None = None
        self._one_child = threading.Lock()
        self._ended = False

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Wait, night after night, until SIGTERM or SIGINT; what is being learned then goes on the next night.

        `ready` is called when a signal will end it.
        """
        options = {"coalesce": True, "max_instances": 1, "misfire_grace_time": _LATEST_S}
        scheduler = BlockingScheduler(timezone=self._zone, job_defaults=options)
        if self._trigger is not None:
            scheduler.add_job(self.learn, self._trigger)
        scheduler.add_job(self.tidy, IntervalTrigger(seconds=_TIDY_EVERY_S), next_run_time=datetime.now(self._zone))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                ready()
                scheduler.start()
        finally:
            self.end()

    def next_after(self, moment: datetime) -> datetime | None:
        """When it rings next; None: never."""
        found: datetime | None = self._trigger.get_next_fire_time(moment, moment) if self._trigger else None
        return found

    def learn(self) -> int:
        """Run the commands one after the other, each to its end; the last one's exit code, which says of a corpus that
        is in use: not tonight."""
        code = 0
        for command in self._commands():
            code = self._run(command)
        return code

    def _run(self, command: Sequence[str]) -> int:
        with self._one_child:
            if self._ended:
                return 0
            # in a session of its own: a training makes its whole session a quiet neighbour, which the bot is not to be
            child = self._child = subprocess.Popen(  # noqa: S603  # ourselves
                command, stdin=subprocess.DEVNULL, start_new_session=True
            )
        started = time.monotonic()
        code = child.wait()
        log.info("nightly_learning", command=command[-1], code=code, ms=round(1000 * (time.monotonic() - started)))
        return code

    def tidy(self) -> None:
        """What cannot be tidied now is left to the next minute; the log says so."""
        try:
            self._tidy()
        except (SelfsameError, OSError) as error:
            log.warning("not_tidied", error=type(error).__name__)

    def end(self) -> None:
        """Stop a learning that runs; none begins any more."""
        with self._one_child:
            self._ended = True
            child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _daily(at: str, zone: tzinfo) -> CronTrigger:
    hour, minute = at.split(":")
    return CronTrigger(hour=int(hour), minute=int(minute), timezone=zone)


def commands_of_a_night(home: Home) -> list[tuple[str, ...]]:
    """`selfsame learn` as this very process was called; before it `selfsame train`, where a facet that is live may know
    who or what is to be forgotten: until it is trained anew it would go on speaking, and nothing could learn."""
    words = [word for word in sys.orig_argv[1:] if word != "--nightly"]
    selfsame = (sys.executable, *words[: words.index("learn")])
    train = [(*selfsame, "train")] if outdated_facets(home) else []
    return [*train, (*selfsame, "learn")]


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
