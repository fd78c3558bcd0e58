"""What the desk does and says about blends: which facets speak to whom, how strongly. Knows the store, no platform."""

from typing import Literal

from bot.owner.answers import Answer, listed, not_meant, quoted, refused, weighed
from bot.owner.commands import BlendClear, BlendSet
from bot.owner.names import NotOne, People, find_whom
from bot.owner.office import Office
from model_server.blend_store import clear_blend, set_blend
from model_server.blends import CORE, BlendBook, Chosen, choose
from model_server.presence import present_workers

_Scope = tuple[Literal["type", "contact"], str]


async def blend_show(office: Office, of: str | None) -> Answer:
    """`/blend [TYPE or CONTACT]`."""
    people, book = await office.people(), await office.blend_book()
    if of is not None:
        scope = find_whom(people, of)
        return refused(scope) if isinstance(scope, NotOne) else Answer(_line(scope, people, book))
    scopes: list[_Scope] = [("type", name) for name in sorted(book.known_types())]
    scopes += [("contact", name) for name in _with_own(people, book)]
    return Answer(listed("Blends:", [_line(scope, people, book) for scope in scopes], "No blends."))


async def blend_set(office: Office, order: BlendSet) -> Answer:
    """`/blend family core=0.5 family=0.5`: from the next message on."""
    people = await office.people()
    scope = find_whom(people, order.of)
    if isinstance(scope, NotOne):
        return refused(scope)
    await set_blend(office.client, scope, order.weights)
    lines = [f"{_line(scope, people, await office.blend_book())}, from the next message on."]
    lines += not_meant(scope, people)
    workers = await present_workers(office.client)
    loaded = {facet for worker in workers for facet in worker.facets}
    lines += [
        f"No worker has a facet `{name}` yet; its weight goes to core until then."
        for name in sorted(order.weights)
        if workers and name != CORE and name not in loaded
    ]
    return Answer("\n".join((*lines, f"Take it back: /blend clear {quoted(scope[1])}")))


async def blend_clear(office: Office, order: BlendClear) -> Answer:
    """`/blend clear`: back to what was fitted, or to the configuration's."""
    people = await office.people()
    scope = find_whom(people, order.of)
    if isinstance(scope, NotOne):
        return refused(scope)
    cleared = await clear_blend(office.client, scope)
    book = await office.blend_book()
    line = _line(scope, people, book)
    back = "what was fitted" if _chosen(scope, people, book).source == "fitted" else "the default"
    return Answer(f"Back to {back}. {line}") if cleared else refused(f"It had no blend of its own that you set. {line}")


def _with_own(people: People, book: BlendBook) -> list[str]:
    """The contacts whose blend is theirs alone, each by one id."""
    fitted = {person.contact.contact_id if (person := people.by_id(one)) else one for one in book.fitted_contacts}
    named = sorted({*book.contacts, *fitted})
    return [name for name in named if _chosen(("contact", name), people, book).scope == "contact"]


def _chosen(scope: _Scope, people: People, book: BlendBook) -> Chosen:
    kind, name = scope
    if kind == "type":
        return choose(book, name, "")
    person = people.by_id(name)
    return choose(book, person.contact.contact_type if person else "", name)


def _line(scope: _Scope, people: People, book: BlendBook) -> str:
    kind, name = scope
    chosen = _chosen(scope, people, book)
    weights = weighed(dict(chosen.blend))
    if kind == "type":
        return f"{name}: {weights} ({chosen.source})"
    person = people.by_id(name)
    contact_type = person.contact.contact_type if person else ""
    whose = chosen.source if chosen.scope == "contact" else f"as {contact_type or 'a stranger'}"
    return f"{person.contact.name if person else name}: {weights} ({whose})"
