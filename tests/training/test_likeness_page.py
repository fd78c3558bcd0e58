"""The likeness report as a page: whole and alone, with every figure and every mark in its place."""

import base64
import hashlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from training.likeness.figures import (
    CONDITIONS,
    OVERALL,
    Attribution,
    Gap,
    LeakFigures,
    LikenessReport,
    Losses,
    StyleMeasure,
    StyleOfType,
)
from training.likeness.findings import conclusion, findings
from training.likeness.page import render, write_page
from training.likeness.page_charts import Chart, blend_chart, facet_styles, loss_chart, style_rows, worth_chart

from .likeness_reports import flaws, losses, measure, whole

replace = msgspec.structs.replace


class Read(HTMLParser):
    """Every element closed in order; the attributes and words met on the way."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def test_the_page_should_be_whole_and_alone() -> None:
    text = render(whole())
    page = Read(text)
    style = text.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(value for _tag, name, value in page.attributes if name == "content" and "default-src" in value)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not {"src", "href", "style", "onclick"} & {name for _tag, name, _value in page.attributes}
    assert "url(" not in style
    assert "@import" not in style
    ids = [value for _tag, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value for _tag, name, value in page.attributes if name == "aria-labelledby"} <= set(ids)


def test_the_page_should_say_every_figure_and_its_source() -> None:
    report = whole()
    said = " ".join(" ".join(Read(render(report)).words).replace("\xa0", " ").split())
    for one in report.losses.values():
        for condition in CONDITIONS:
            nats = getattr(one, condition)
            assert nats is None or f"{nats:.3f}" in said
    for found in findings(report):
        assert found.question in said
        assert found.short in said
    for what in (
        "2.1 of 13.3 bits",
        "friend 0.66",
        "articles −0.11",
        "set by you",
        "by default",
        "one contact’s own (1f2e3d)",
        "Wasserstein-1",
        "Lopez-Paz and Oquab 2017",
        "Carlini et al. 2019",
        "Efron 1979",
        "you 97 %, it 41 %",
        "dealt and trained 3 times",
        "stranger: no reply was generated, too few held-out lines",
    ):
        assert what in said


def test_words_of_the_owner_should_never_become_markup() -> None:
    evil = '<script>alert("1")</script>'
    report = LikenessReport(
        losses={evil: losses(note=f"`{evil}`"), OVERALL: losses()},
        style={evil: StyleOfType((measure(evil),), flaws(), flaws())},
        attribution=(Attribution("contact_type", evil, evil, 0.5, None, 0.5, None, 9, {evil: {evil: 3}}),),
        gap={evil: Gap(1, 2, 1, 2, 3)},
        leaks={evil: LeakFigures(1, 1, 1.0, None, 1, 1, 1)},
        owner=evil,
        notes=(evil, "a lone ` and `code` %"),
    )
    text = render(report)
    Read(text)
    assert "<script" not in text


def test_a_command_in_a_note_should_be_code() -> None:
    note = "fitted over other facets → selfsame blend fit; ask again"
    assert "→ <code>selfsame blend fit</code>; ask again" in render(replace(whole(), notes=(note,)))


def test_a_page_should_be_the_owners_alone_and_say_where_it_cannot_be(tmp_path: Path) -> None:
    place = write_page(whole(), tmp_path / "page.html")
    assert place.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CorpusError, match="name another file"):
        write_page(whole(), tmp_path / "nowhere" / "page.html")


# ---- charts, and reports that lack things


def marks_of(chart: Chart) -> Iterator[tuple[str, str, float]]:
    for panel in chart.panels:
        for row in panel.rows:
            for one in row.marks:
                yield panel.name, row.title, one.at


def test_charts_should_place_by_size_on_one_scale_for_all() -> None:
    report = whole()
    chart = loss_chart(report.losses)
    at = {(name, title): place for name, title, place in marks_of(chart)}
    by_loss = sorted((one.blend, at[name, "the blend"]) for name, one in report.losses.items())
    assert [place for _nats, place in by_loss] == sorted(place for _nats, place in by_loss)
    fifty, hundred = (next(tick.at for tick in chart.ticks if tick.text == text) for text in ("50", "100"))
    (low, low_at), (high, high_at) = by_loss[0], by_loss[-1]
    assert (hundred - fifty) / 0.6931 == pytest.approx((high_at - low_at) / (high - low), rel=0.01)
    worth = worth_chart(report.losses)
    assert worth is not None
    assert worth.zero is not None
    above = {name: place > worth.zero for name, title, place in marks_of(worth) if title == "shuffled control"}
    assert above == {name: (one.net or 0) > 0 for name, one in report.losses.items()}


def test_weights_should_be_drawn_to_their_side_of_zero_and_to_scale() -> None:
    report = whole()
    drawn = blend_chart(report, facet_styles(report))
    unit = drawn.one - drawn.zero
    for row in drawn.rows:
        weights = report.losses[row.name].weights
        assert {one.facet for one in row.weights} == set(weights)
        for side in (1, -1):
            drawn_wide = sum(bar.width for bar in row.bars if side * (bar.at - drawn.zero + 0.01) > 0)
            told = sum(side * weight for weight in weights.values() if side * weight > 0)
            assert drawn_wide == pytest.approx(unit * told, abs=0.1)


nats = st.floats(0.01, 12)
maybe = st.none() | nats
pair = st.none() | st.tuples(st.floats(-2, 2), st.floats(-2, 2)).map(lambda two: (min(two), max(two)))
any_losses = st.builds(
    Losses,
    base=nats,
    card=nats,
    core=nats,
    own=maybe,
    blend=nats,
    replies=st.integers(0, 9999),
    fewshot=maybe,
    pooled=maybe,
    shuffled=maybe,
    net=st.none() | st.floats(-2, 2),
    net_ci=pair,
    gain=st.none() | st.floats(-2, 2),
    gain_ci=pair,
    weights=st.dictionaries(st.sampled_from(["core", "articles", "家人", "own-00ff"]), st.floats(-2, 2)),
    source=st.sampled_from(["", "set", "fitted", "default"]),
)
any_measure = st.builds(
    StyleMeasure,
    name=st.just("x"),
    title=st.just("a title"),
    source=st.just("a source"),
    owner=maybe,
    clone=maybe,
    unit=st.sampled_from(["", "share", "characters"]),
    distance=st.floats(0, 3),
    distance_ci=pair,
    floor=maybe,
    bare=maybe,
)
any_style = st.builds(
    StyleOfType, st.lists(any_measure, max_size=3).map(tuple), st.just(flaws()), st.just(flaws()), st.none()
)
types = st.sampled_from(["家人", "friend", OVERALL, "a b"])
any_report = st.builds(
    LikenessReport,
    losses=st.dictionaries(types, any_losses, max_size=4),
    style=st.dictionaries(types, any_style, max_size=2),
    gap=st.dictionaries(types, st.builds(Gap, nats, nats, nats, nats, st.integers(0, 99)), max_size=2),
)


@given(any_report)
@settings(max_examples=30, deadline=None)
def test_any_report_should_make_a_page_with_every_mark_on_its_scale(report: LikenessReport) -> None:
    Read(render(report))
    assert conclusion(report)
    charts = [loss_chart(report.losses), worth_chart(report.losses)]
    for chart in charts:
        for _name, _title, at in marks_of(chart) if chart else ():
            assert 0 <= at <= 100
    for row, _near, _one in style_rows(one for style in report.style.values() for one in style.measures):
        assert all(0 <= mark.at <= 100 for mark in row.marks)


def test_twenty_types_should_make_a_page() -> None:
    many = {f"type {number}": losses(weights={f"type {number}": 1.0}) for number in range(20)}
    text = render(LikenessReport({**many, OVERALL: losses(weights={})}))
    assert text.count('class="panel"') >= 20
