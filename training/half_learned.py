"""What runs keep that holds people's words or was learned from them: forgotten with anybody, for nobody can be taken
out of it alone.

Knows the folder of runs by its shape: verdicts, states and progress are JSON of numbers and stay; all else is made anew
when it is asked for.
"""

import shutil

from model_server.home import Home

_STAGES = ("facets", "learn")
"""Folders of runs that keep verdicts; of these only weights go."""


def forget_half_learned(home: Home) -> None:
    """Delete checkpoints, the facets of controls, generated replies and what was kept of a report. Safe to repeat."""
    for place in home.runs_dir.iterdir() if home.runs_dir.is_dir() else ():
        if place.is_dir() and place.name not in _STAGES:
            shutil.rmtree(place, ignore_errors=True)
    for weights in home.runs_dir.rglob("*.safetensors"):
        weights.unlink(missing_ok=True)
