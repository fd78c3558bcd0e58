"""The report as one HTML file: nothing is fetched, nothing runs, and it says no line of anybody.

Knows figures and how they are shown, and not how they came about.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import date, tzinfo
from pathlib import Path

import jinja2
import tzlocal

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import read_contacts
from training.corpus import Corpus
from training.private_file import replace_file
from training.report import wording
from training.report.charts import WEEKDAYS, Series, hour_chart, month_chart
from training.report.figures import STAGES, Figures, build_figures
from training.report.tally import IN_GROUPS, UNTYPED

_HERE = Path(__file__).parent
_STYLES = 8
_WIDE = (1040, 270)
_NARROW = (350, 230)


def read_figures(home: Home, zone: tzinfo | None = None) -> Figures:
    """The figures of a home's corpus, by the clock of `zone` (None: this machine's). CorpusError when it is empty, or
    an import was cut off."""
    if home.corpus_file.exists():
        with Corpus.open(home) as corpus, corpus.snapshot():
            figures = build_figures(corpus, read_contacts(home), zone or tzlocal.get_localzone())
            if figures.lines or figures.articles:
                return figures
    raise CorpusError("there is nothing to report on yet", "import your chats first: selfsame import PATH")


def write_report(home: Home, path: Path | None = None, zone: tzinfo | None = None) -> Path:
    """Write the page, readable by the owner alone, and say where. CorpusError as `read_figures`, or when `path` is no
    place to write to."""
    place = path or home.corpus_dir / "report.html"
    page = render(read_figures(home, zone)).encode()
    try:
        replace_file(place, page)
    except OSError as error:
        raise CorpusError(f"{place} cannot be written: {error.strerror}", "name another file: --html PATH") from None
    return place


def render(figures: Figures) -> str:
    """The page itself."""
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    series = _series([one.name for one in figures.types])
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": wording.duration, "reason": wording.reason, "count": "{:,}".format, "day": _day}
    environment.globals |= {"percent": wording.percent, "stage_title": wording.stage_title}
    return environment.get_template("page.html").render(
        figures=figures,
        style=style,
        style_digest=digest,
        series=series,
        styles={one.key: one.style for one in series},
        titles={one.key: one.title for one in series},
        wide=month_chart(figures.months, series, *_WIDE),
        narrow=month_chart(figures.months, series, *_NARROW),
        hours=hour_chart(figures.hours),
        weekdays=WEEKDAYS,
        delays=wording.delay_titles(),
        stages=STAGES,
        longest=max((one.chars.high for one in figures.types), default=0) or 1,
        best=max((word.score for one in figures.types for word in one.words), default=1),
    )


def _series(names: Sequence[str]) -> list[Series]:
    """Each contact type with its colour; those beyond the colours share the last, people without a type are grey."""
    typed = [name for name in names if name not in (UNTYPED, IN_GROUPS)]
    styles = {name: f"c{min(at, _STYLES - 1)}" for at, name in enumerate(typed)}
    styles |= {UNTYPED: "none", IN_GROUPS: "groups"}
    return [Series(name, wording.type_title(name), styles[name]) for name in names]


def _day(day: str) -> str:
    """`2 July 2024`."""
    read = date.fromisoformat(day)
    return f"{read.day} {read:%B %Y}"
