"""Which order applies: narrowest scope, time over schedule over lasting, quiet hours, pauses, strangers, blocks."""

from datetime import datetime
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import FOREVER_MS
from bot.orders import EVERYWHERE, Mode, ModeRule, Orders, Ruling, Scope, Subject, Window, key_of, scope_of

NOON = int(datetime.fromisoformat("2026-11-22T12:00+01:00").timestamp() * 1000)  # a Sunday
HOUR = 3_600_000
ANNA = Subject("telegram:b42", "telegram:user42", "family")
SOMEBODY = Subject("telegram:7", "telegram:user7", "stranger")
DAILY = tuple(range(7))

FAMILY: Scope = ("type", "family")
CONTACT: Scope = ("contact", "telegram:user42")
CHAT: Scope = ("chat", "telegram:b42")


def lasting(mode: Mode) -> ModeRule:
    return ModeRule(mode, None, NOON - HOUR)


def until(mode: Mode, until_ms: int = NOON + HOUR) -> ModeRule:
    return ModeRule(mode, until_ms, NOON - HOUR)


def orders(**facts: Any) -> Orders:
    """`rules` and `timed` by scope."""
    for kind in ("rules", "timed"):
        facts[kind] = {key_of(scope): rule for scope, rule in facts.get(kind, {}).items()}
    return Orders("Europe/Amsterdam", **facts)


def during(mode: Any, scope: Scope = EVERYWHERE, no: int = 1, clock: tuple[int, int] = (9, 17)) -> Window:
    return Window(no, DAILY, clock[0] * 60, clock[1] * 60, mode, scope)


def test_a_new_install_should_answer_nobody_by_itself() -> None:
    assert orders().rule(ANNA, NOON) == Ruling("draft", "draft: as configured, nothing was ordered")
    assert orders().rule(SOMEBODY, NOON) == Ruling("draft", "draft: strangers start in draft")


def test_what_reaches_strangers_should_count_for_them_under_an_order_that_does_not() -> None:
    """Off everywhere, then auto for two hours: that is for those the owner knows."""
    off, auto = {EVERYWHERE: lasting("off")}, {EVERYWHERE: until("auto")}
    assert orders(rules=off, timed=auto).rule(SOMEBODY, NOON).mode == "off"
    assert orders(rules=off, timed=auto).rule(ANNA, NOON).mode == "auto"
    assert orders(rules=off, windows=(during("auto"),)).rule(SOMEBODY, NOON).mode == "off"
    assert orders(windows=(during("off"),), timed=auto).rule(SOMEBODY, NOON).mode == "off"
    assert orders(rules={EVERYWHERE: lasting("auto")}, timed=auto).rule(SOMEBODY, NOON).mode == "draft"


@pytest.mark.parametrize("narrow", range(4))
def test_the_narrowest_scope_should_win_even_over_a_stronger_kind_of_a_wider_one(narrow: int) -> None:
    scopes = ANNA.scopes
    wider = {scope: until("off") for scope in scopes[narrow + 1 :]}
    given_orders = orders(rules={scopes[narrow]: lasting("auto")}, timed=wider)
    assert given_orders.rule(ANNA, NOON).mode == "auto"


@pytest.mark.parametrize(
    ("facts", "ruling"),
    [
        ({"rules": {EVERYWHERE: lasting("auto")}}, Ruling("auto", "auto since 11:00")),
        ({"rules": {FAMILY: lasting("auto")}}, Ruling("auto", "auto for family since 11:00")),
        ({"rules": {CONTACT: lasting("off")}}, Ruling("off", "off for this contact since 11:00")),
        ({"rules": {CHAT: lasting("auto")}}, Ruling("auto", "auto in this chat since 11:00")),
        ({"timed": {FAMILY: until("auto")}}, Ruling("auto", "auto for family until 13:00")),
        ({"windows": (during("auto", FAMILY),)}, Ruling("auto", "auto for family until 17:00 (schedule 1)")),
        (
            {"windows": (during("off", FAMILY),), "rules": {FAMILY: lasting("auto")}},
            Ruling("off", "off for family until 17:00 (schedule 1)"),
        ),
        (
            {"windows": (during("off", FAMILY),), "timed": {FAMILY: until("auto")}, "rules": {FAMILY: lasting("off")}},
            Ruling("auto", "auto for family until 13:00"),
        ),
        (
            {"windows": (during("off"), during("auto", no=2))},
            Ruling("auto", "auto until 17:00 (schedule 2)"),  # the later line of two
        ),
        (
            {"timed": {FAMILY: until("auto", NOON)}, "rules": {FAMILY: lasting("off")}},
            Ruling("off", "off for family since 11:00"),  # over, to the millisecond
        ),
    ],
)
def test_the_owner_should_read_what_applies_and_why(facts: dict[str, Any], ruling: Ruling) -> None:
    assert orders(**facts).rule(ANNA, NOON) == ruling


def test_an_order_with_an_end_should_end() -> None:
    given_orders = orders(timed={FAMILY: until("auto")}, rules={FAMILY: lasting("off")})
    assert given_orders.rule(ANNA, NOON + HOUR - 1).mode == "auto"
    assert given_orders.rule(ANNA, NOON + HOUR).mode == "off"


@pytest.mark.parametrize(("strangers", "everywhere"), list(product(("off", "draft", "auto"), repeat=2)))
def test_an_order_everywhere_should_only_hold_back_strangers(strangers: Any, everywhere: Any) -> None:
    strictness = ("off", "draft", "auto")
    given_orders = orders(strangers=strangers, rules={EVERYWHERE: lasting(everywhere)})
    assert given_orders.rule(SOMEBODY, NOON).mode == min(strangers, everywhere, key=strictness.index)
    assert given_orders.rule(ANNA, NOON).mode == everywhere


@pytest.mark.parametrize("index", range(3))
def test_a_stranger_should_be_reached_by_an_order_of_his_own(index: int) -> None:
    assert orders(rules={SOMEBODY.scopes[index]: lasting("auto")}).rule(SOMEBODY, NOON).mode == "auto"


def test_a_blocked_contact_should_be_blocked_whatever_else_was_said() -> None:
    given_orders = orders(
        rules={CONTACT: lasting("block"), CHAT: lasting("auto")},
        timed={scope: until("auto") for scope in ANNA.scopes},
        windows=(during("auto", CONTACT), during("auto", CHAT, no=2)),
        paused_until_ms=FOREVER_MS,
    )
    assert given_orders.rule(ANNA, NOON) == Ruling("block", "blocked for this contact since 11:00")
    assert given_orders.rule(SOMEBODY, NOON).mode == "draft"


def test_a_pause_should_put_off_and_not_drop() -> None:
    assert orders(paused_until_ms=NOON + HOUR).rule(ANNA, NOON) == Ruling("draft", "paused until 13:00", NOON + HOUR)
    assert orders(paused_until_ms=NOON).rule(ANNA, NOON).defer_until_ms == 0
    forever = orders(paused_until_ms=FOREVER_MS).rule(ANNA, NOON)
    assert forever == Ruling("draft", "paused until you resume", FOREVER_MS)


def test_off_should_stay_off_in_a_pause_and_in_quiet_hours() -> None:
    silent = orders(rules={FAMILY: lasting("off")}, windows=(during("quiet"),), paused_until_ms=NOON + HOUR)
    assert silent.rule(ANNA, NOON) == Ruling("off", "off for family since 11:00")


def test_quiet_hours_should_put_off_to_their_end_whatever_lasting_order_there_is() -> None:
    given_orders = orders(rules={CHAT: lasting("auto")}, windows=(during("quiet"), during("auto", CHAT, no=2)))
    assert given_orders.rule(ANNA, NOON) == Ruling("auto", "quiet hours until 17:00", NOON + 5 * HOUR)
    assert given_orders.rule(ANNA, NOON + 5 * HOUR).defer_until_ms == 0


def test_quiet_hours_should_reach_strangers_and_only_their_own_scope() -> None:
    assert orders(windows=(during("quiet"),)).rule(SOMEBODY, NOON).defer_until_ms == NOON + 5 * HOUR
    for_family = orders(windows=(during("quiet", FAMILY),))
    assert for_family.rule(ANNA, NOON) == Ruling("draft", "quiet hours for family until 17:00", NOON + 5 * HOUR)
    assert for_family.rule(SOMEBODY, NOON).defer_until_ms == 0


def test_overlapping_quiet_hours_should_put_off_to_the_last_end() -> None:
    given_orders = orders(windows=(during("quiet", clock=(9, 17)), during("quiet", FAMILY, 2, (11, 18))))
    assert given_orders.rule(ANNA, NOON).defer_until_ms == NOON + 6 * HOUR


def test_an_order_with_an_end_should_go_before_quiet_hours_of_its_scope_or_a_wider_one() -> None:
    here = orders(timed={CONTACT: until("auto")}, windows=(during("quiet"), during("quiet", FAMILY, no=2)))
    assert here.rule(ANNA, NOON) == Ruling("auto", "auto for this contact until 13:00")
    narrower = orders(timed={FAMILY: until("auto")}, windows=(during("quiet", CHAT),))
    assert narrower.rule(ANNA, NOON).defer_until_ms == NOON + 5 * HOUR
    over = orders(timed={CONTACT: until("auto", NOON)}, windows=(during("quiet"),))
    assert over.rule(ANNA, NOON).defer_until_ms == NOON + 5 * HOUR


def test_an_order_for_everybody_should_not_lift_quiet_hours_for_strangers() -> None:
    given_orders = orders(strangers="auto", timed={EVERYWHERE: until("auto")}, windows=(during("quiet"),))
    assert given_orders.rule(ANNA, NOON).defer_until_ms == 0
    assert given_orders.rule(SOMEBODY, NOON).defer_until_ms == NOON + 5 * HOUR


def test_the_next_boundary_should_be_whatever_changes_first() -> None:
    facts: dict[str, Any] = {"timed": {FAMILY: until("auto", NOON - 1)}, "paused_until_ms": FOREVER_MS}
    assert orders(**facts).next_boundary_ms(NOON) is None
    facts["windows"] = (during("quiet"),)
    assert orders(**facts).next_boundary_ms(NOON) == NOON + 5 * HOUR
    facts["paused_until_ms"] = NOON + 2 * HOUR
    assert orders(**facts).next_boundary_ms(NOON) == NOON + 2 * HOUR
    facts["timed"] = {FAMILY: until("auto")}
    assert orders(**facts).next_boundary_ms(NOON) == NOON + HOUR


def test_the_scopes_with_orders_should_be_told_widest_first_and_without_those_that_are_over() -> None:
    rules = {CHAT: lasting("auto"), EVERYWHERE: lasting("off"), FAMILY: lasting("draft")}
    timed = {CONTACT: until("auto"), ("chat", "telegram:9"): until("auto", NOON)}
    given_orders = orders(rules=rules, timed=timed)
    assert given_orders.scopes(NOON) == (EVERYWHERE, FAMILY, CONTACT, CHAT)


_names = st.text(min_size=1, max_size=8)
_scopes: st.SearchStrategy[Scope] = st.just(EVERYWHERE) | st.tuples(
    st.sampled_from(("type", "contact", "chat")), _names
)


@given(_scopes)
def test_a_scope_should_come_back_from_its_key(scope: Scope) -> None:
    assert scope_of(key_of(scope)) == scope


@pytest.mark.parametrize("key", ["", "type:", "global:x", "planet:earth", "family"])
def test_no_other_key_should_be_a_scope(key: str) -> None:
    with pytest.raises(ValueError, match="names no scope"):
        scope_of(key)


_mine = st.sampled_from((*ANNA.scopes, ("type", "friend"), ("chat", "telegram:1")))
_modes: st.SearchStrategy[Mode] = st.sampled_from(("off", "draft", "auto"))
_until = st.none() | st.integers(NOON - HOUR, NOON + HOUR)
_windows = st.builds(
    Window,
    st.integers(1, 9),
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(("off", "draft", "auto", "quiet")),
    _mine,
)


@given(
    rules=st.dictionaries(_mine, _modes.map(lasting), max_size=4),
    timed=st.dictionaries(_mine, st.builds(until, _modes, st.integers(NOON - HOUR, NOON + HOUR)), max_size=4),
    windows=st.lists(_windows, max_size=4).map(tuple),
    pause=st.sampled_from((0, NOON - 1, NOON + HOUR, FOREVER_MS)),
    subject=st.sampled_from((ANNA, SOMEBODY)),
)
def test_whatever_was_ordered_the_ruling_should_be_safe(
    rules: dict[Scope, ModeRule], timed: dict[Scope, ModeRule], windows: Any, pause: int, subject: Subject
) -> None:
    given_orders = orders(rules=rules, timed=timed, windows=windows, paused_until_ms=pause)
    ruling = given_orders.rule(subject, NOON)
    assert ruling.defer_until_ms == 0 or ruling.defer_until_ms > NOON
    assert (pause > NOON and ruling.mode != "off") <= (ruling.defer_until_ms == pause)
    if ruling.mode == "auto":  # somebody said so, and for strangers nothing as wide as everywhere
        said = {*rules, *timed, *(window.scope for window in windows if window.mode == "auto")}
        assert said & set(subject.scopes[:3] if subject is SOMEBODY else subject.scopes)
    assert ruling.why
    assert msgspec.convert(msgspec.to_builtins(given_orders), Orders) == given_orders
