"""What the desk does and says about the weekly schedule: windows, quiet hours, and the clock they mean."""

from bot.order_store import add_window, remove_window, set_zone
from bot.orders import Orders, Window, until_words
from bot.owner.answers import Answer, listed, not_meant, placed, refused
from bot.owner.commands import ScheduleAdd, ScheduleRemove, ScheduleZone
from bot.owner.mode_answers import decide_anew, find_scope
from bot.owner.moments import said_clock, said_days
from bot.owner.names import NotOne, People
from bot.owner.office import Office, zone_of
from bot.windows import ends_ms, in_words


async def schedule(office: Office, now_ms: int) -> Answer:
    """`/schedule`: every window, and which are in force."""
    orders, people = await office.orders(), await office.people()
    return Answer(
        listed(
            f"Schedule ({orders.zone}, now {in_words(now_ms, now_ms, zone_of(orders))}):",
            [in_force(window, orders, people, now_ms) for window in orders.windows],
            f"No schedule ({orders.zone}). For example: /schedule add daily 22:00-07:00 quiet",
        )
    )


async def schedule_add(office: Office, order: ScheduleAdd, now_ms: int) -> Answer:
    """`/schedule add`: one window more; the same one twice is there once."""
    people = await office.people()
    scope = find_scope(people, order.where)
    if isinstance(scope, NotOne):
        return refused(scope)
    wanted = Window(0, order.days, order.start_min, order.end_min, order.mode, scope)
    window = await add_window(office.client, wanted)
    called_back = await decide_anew(office, now_ms)
    said = in_force(window, await office.orders(), people, now_ms)
    return Answer(
        "\n".join(
            (f"Added {said}", *not_meant(scope, people), *called_back, f"Take it back: /schedule remove {window.no}")
        )
    )


async def schedule_remove(office: Office, order: ScheduleRemove, now_ms: int) -> Answer:
    """`/schedule remove`."""
    before = {window.no: window for window in (await office.orders()).windows}
    removed = await remove_window(office.client, order.no)
    await decide_anew(office, now_ms)
    if not removed:
        return refused(f"There is no window {order.no}.", "/schedule lists them.")
    left = (await schedule(office, now_ms)).text
    return Answer(
        f"Removed {window_words(before[order.no], await office.people())}\n{left}" if order.no in before else left
    )


async def schedule_zone(office: Office, order: ScheduleZone, now_ms: int) -> Answer:
    """`/schedule zone`: the clock that all times mean from now on."""
    await set_zone(office.client, order.name)
    await decide_anew(office, now_ms)
    return Answer(f"Times mean {order.name} now. {(await schedule(office, now_ms)).text}")


def in_force(window: Window, orders: Orders, people: People, now_ms: int) -> str:
    """A window in words, and until when it holds when it does."""
    end_ms = ends_ms(window, now_ms, zone_of(orders))
    now = f" — now, {until_words(end_ms, now_ms, zone_of(orders))}" if end_ms is not None else ""
    return window_words(window, people) + now


def window_words(window: Window, people: People) -> str:
    """`2. mon-fri 09:00-17:00 auto for family`."""
    span = f"{said_clock(window.start_min)}-{said_clock(window.end_min)}"
    return f"{window.no}. {said_days(window.days)} {span} {window.mode} {placed(window.scope, people)}"
