"""Makes this process a quiet neighbour: whoever answers in a chat on this machine comes first. Knows no training.

Linux schedules by session first (sched(7), "The autogroup feature"): between two terminals or services nice(2) counts
for nothing (measured: 0.83 s to 0.86 s of one core at nice 10), unless the session itself is made nice (0.12 s to
0.91 s). So that is done too, and undone when the process ends.
"""

import atexit
import contextlib
import os
from pathlib import Path

_AUTOGROUP = Path("/proc/self/autogroup")


def be_quiet(nice: int) -> None:
    """Step back by `nice` (0: not at all, 19: farthest). Call it before the first thread starts; the gentlest means
    that the system has are used, and none is missed where it is not there."""
    if not nice:
        return
    os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
    with contextlib.suppress(AttributeError, OSError):  # Linux only, and not in every sandbox
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # never cuts short the time slice of others
    if (before := _session_nice()) is not None and before < nice and _set_session_nice(nice):
        atexit.register(_set_session_nice, before)


def _session_nice() -> int | None:
    """Of `/autogroup-25 nice 0`: 0. None where there are no autogroups."""
    try:
        return int(_AUTOGROUP.read_text(encoding="ascii").split()[-1])
    except (OSError, ValueError, IndexError):
        return None


def _set_session_nice(nice: int) -> bool:
    try:
        _AUTOGROUP.write_text(str(nice), encoding="ascii")
    except OSError:
        return False
    return True
