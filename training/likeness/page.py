"""The likeness report as one HTML file: nothing is fetched, nothing runs, and it says no line of anybody.

Knows figures and how they are shown, and not how they came about.
"""

import base64
import hashlib
import os
import re
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from model_server.errors import CorpusError
from training.leaks.exposure import chance_bits
from training.likeness import wording
from training.likeness.advice import advice
from training.likeness.figures import OVERALL, LikenessReport
from training.likeness.findings import conclusion, findings
from training.likeness.judging import by_heart, tells_clone, types_of
from training.likeness.page_charts import (
    blend_chart,
    facet_styles,
    loss_chart,
    shades,
    style_rows,
    told_rows,
    worth_chart,
)
from training.likeness.sources import SOURCES
from training.private_file import replace_file

_HERE = Path(__file__).parent
_CODE = Markup("<code>{}</code>")
_COMMAND = re.compile(r"→ (selfsame [^`;]+)")
_LOOK = (_HERE.parent / "report" / "page.css", _HERE / "page.css")
"""The look of the corpus's page, and what this page has besides."""


def check_place(place: Path) -> None:
    """CorpusError where no page can be written."""
    if place.is_dir() or not os.access(place.parent, os.W_OK):
        raise CorpusError(f"{place} cannot be written", "name a file in a folder that exists: --html PATH")


def write_page(report: LikenessReport, place: Path) -> Path:
    """Write the page, readable by the owner alone, and say where. CorpusError when `place` cannot be written to."""
    try:
        replace_file(place, render(report).encode())
    except OSError as error:
        raise CorpusError(f"{place} cannot be written: {error.strerror}", "name another file: --html PATH") from None
    return place


def render(report: LikenessReport) -> str:
    """The page itself."""
    style = "".join(path.read_text(encoding="utf-8") for path in _LOOK)
    styles = facet_styles(report)
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            overall=OVERALL,
            main=OVERALL if OVERALL in report.style else next(iter(report.style), ""),
            style=style,
            style_digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            day=_day(report.at_ms),
            conclusion=conclusion(report),
            findings=findings(report),
            advice=advice(report),
            types=types_of(report),
            losses=loss_chart(report.losses),
            worth=worth_chart(report.losses),
            blends=blend_chart(report, styles),
            styles=styles,
            style_rows={name: style_rows(one.measures) for name, one in report.style.items()},
            told=told_rows(report.attribution),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "prose": _prose,
        "ways": wording.ways,
        "likelier": wording.likelier,
        "percent": wording.percent,
        "type": wording.type_title,
        "facet": wording.facet_title,
        "chosen": wording.source_title,
        "count": "{:,}".format,
        "nats": "{:.3f}".format,
    }
    environment.globals |= {
        "by_heart": by_heart,
        "chance_bits": chance_bits,
        "tells_clone": tells_clone,
        "shades": shades,
        "conditions": wording.conditions(),
        "sources": SOURCES,
    }
    return environment


def _prose(text: str) -> Markup:
    """Words between backticks and commands behind an arrow as code; a number keeps its percent sign.

    Whatever else the text holds is escaped.
    """
    text = _COMMAND.sub(r"→ `\1`", text)
    parts = text.replace(" %", "\u00a0%").split("`")
    paired = len(parts) - 1 if len(parts) % 2 == 0 else len(parts)  # a lone backtick at the end is only a character
    said = [_CODE.format(part) if at % 2 else escape(part) for at, part in enumerate(parts[:paired])]
    return Markup("").join((*said, *(escape(f"`{part}") for part in parts[paired:])))


def _day(at_ms: int) -> str:
    """`2 July 2024`, by this machine's clock; "" for no time."""
    if not at_ms:
        return ""
    day = datetime.fromtimestamp(at_ms / 1000).astimezone()
    return f"{day.day} {day:%B %Y}"
