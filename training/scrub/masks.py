"""Samples of what was found, for the owner's report: enough to recognise, too little to know."""

import re

_RUN = re.compile(r"[^\W_]+")


def mask(value: str) -> str:
    """`jane@example.com` -> `j…@e…`: the first character of the first two runs of letters and digits, no more."""
    runs = list(_RUN.finditer(value))[:2]
    if not runs:
        return "…"
    shown = [f"{run.group()[0]}…" for run in runs]
    between = value[runs[0].end() : runs[1].start()][:2] if len(runs) > 1 else ""
    return between.join(shown)
