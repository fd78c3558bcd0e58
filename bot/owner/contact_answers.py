"""What the desk does and says about people: who is known, of which type, under which name, the same as whom, blocked.

Knows the contacts file and the orders, no platform. What the training calls a contact is the same file.
"""

from bot.chat_control import rouse
from bot.contacts import Contact
from bot.order_store import clear_rule, set_rule
from bot.orders import ModeRule, Scope, key_of, until_words
from bot.owner.answers import Answer, counted, listed, quoted, refused, weighed
from bot.owner.commands import ContactBlock, ContactMerge, ContactName, ContactType
from bot.owner.contact_file import change, merged, with_name, with_type
from bot.owner.mode_answers import applied, decide_anew, subject_of
from bot.owner.names import NotOne, People, Person, find_person
from bot.owner.office import Office, zone_of
from bot.windows import in_words
from model_server.blend_store import clear_blend, set_blend
from model_server.blends import resolve

_MOST_LISTED = 40
_LISTS = "/contact lists everybody."


async def contacts(office: Office) -> Answer:
    """`/contact list`: people by type."""
    people = await office.people()
    by_type: dict[str, list[str]] = {}
    for person in people.persons[:_MOST_LISTED]:
        by_type.setdefault(person.contact.contact_type, []).append(person.contact.name or person.contact.contact_id)
    left = len(people.persons) - _MOST_LISTED
    lines = [f"{contact_type}: {', '.join(sorted(names))}" for contact_type, names in sorted(by_type.items())]
    if left > 0:
        lines.append(f"and {left} more; /contact show NAME finds each")
    return Answer(
        listed(
            f"{counted(len(people.persons), 'contact')}. Sort one: /contact type NAME family",
            lines,
            "Nobody wrote yet, and nothing was imported.",
        )
    )


async def contact_show(office: Office, who: str, now_ms: int) -> Answer:
    """`/contact show`: everything that decides how this person is answered."""
    people, orders = await office.people(), await office.orders()
    person = find_person(people, who)
    if isinstance(person, NotOne):
        return refused(person, _LISTS)
    contact = person.contact
    ruling = orders.rule(subject_of(("contact", contact.contact_id), people), now_ms)
    blend = resolve(await office.blend_book(), contact.contact_type, contact.contact_id)
    return Answer(
        "\n".join(
            (
                f"{contact.name}: {contact.contact_type}",
                f"mode: {applied(ruling)}",
                f"blend: {weighed(blend)}",
                f"ids: {', '.join(person.ids)}",
                f"chats: {', '.join(person.chats) or 'none yet'}",
            )
        )
    )


async def contact_type(office: Office, order: ContactType, now_ms: int) -> Answer:
    """`/contact type`: sort somebody. Facets learn it with the next training, answers at once."""
    people = await office.people()
    person = find_person(people, order.who)
    if isinstance(person, NotOne):
        return refused(person, _LISTS)
    wanted = order.type.casefold()
    change(office.home.contacts_file, with_type(person.contact, wanted))
    called_back = await decide_anew(office, now_ms)
    lines = [f"{person.contact.name} is {wanted} from the next message on."]
    if wanted not in people.types:
        lines.append(f"`{wanted}` is a new type; it has the blend of strangers until you set one: /help blend")
    back = f"/contact type {said_name(person.contact, people)} {person.contact.contact_type}"
    return Answer("\n".join((*lines, *called_back, f"Take it back: {back}")))


async def contact_name(office: Office, order: ContactName) -> Answer:
    """`/contact name`: what the persona calls somebody."""
    people = await office.people()
    person = find_person(people, order.who)
    if isinstance(person, NotOne):
        return refused(person, _LISTS)
    change(office.home.contacts_file, with_name(person.contact, order.name))
    return Answer(f"{person.contact.name} is called {order.name} from now on.")


async def contact_merge(office: Office, order: ContactMerge, now_ms: int) -> Answer:
    """`/contact merge`: two of them are one person; what was ordered for the one holds for both."""
    people = await office.people()
    gone, into = find_person(people, order.who), find_person(people, order.into)
    for found in (gone, into):
        if isinstance(found, NotOne):
            return refused(found, _LISTS)
    assert isinstance(gone, Person)
    assert isinstance(into, Person)
    if gone == into:
        return refused(f"Both are {into.contact.name} already.", f"ids: {', '.join(into.ids)}")
    # In this order: cut off at any point, the same words said again finish it.
    moved = await _copy_orders(office, gone.contact, into.contact)
    change(office.home.contacts_file, merged(gone.contact, into.contact))
    await clear_rule(office.client, ("contact", gone.contact.contact_id))
    await clear_blend(office.client, ("contact", gone.contact.contact_id))
    called_back = await decide_anew(office, now_ms)
    after = await office.people()
    person = after.by_id(into.contact.contact_id) or into
    ruling = (await office.orders()).rule(subject_of(("contact", person.contact.contact_id), after), now_ms)
    lines = [
        f"{gone.contact.name} is {person.contact.name} ({person.contact.contact_type}) now: {', '.join(person.ids)}",
        f"mode: {applied(ruling)}{moved}",
        *called_back,
        "To part them again, edit contacts.json.",
    ]
    return Answer("\n".join(lines))


async def contact_block(office: Office, order: ContactBlock, now_ms: int) -> Answer:
    """`/contact block` and `unblock`: nothing of theirs is answered or drafted, in any chat."""
    people, orders = await office.people(), await office.orders()
    person = find_person(people, order.who)
    if isinstance(person, NotOne):
        return refused(person, _LISTS)
    scope: Scope = ("contact", person.contact.contact_id)
    name = said_name(person.contact, people)
    if order.blocked:
        await set_rule(office.client, scope, ModeRule("block", None, now_ms))
        lines = [f"{person.contact.name} is blocked: no reply, no draft.", *await decide_anew(office, now_ms)]
        return Answer("\n".join((*lines, f"Take it back: /contact unblock {name}")))
    if not orders.blocked(person.contact.contact_id):
        return refused(f"{person.contact.name} is not blocked.")
    await clear_rule(office.client, scope)
    await rouse(office.scripts)
    ruling = (await office.orders()).rule(subject_of(scope, people), now_ms)
    return Answer(f"{person.contact.name} is not blocked any more. Now: {applied(ruling)}")


async def chats(office: Office, now_ms: int) -> Answer:
    """`/chats`: the newest, and what applies in each."""
    people, orders = await office.people(), await office.orders()
    shown, zone = people.chats[:_MOST_LISTED], zone_of(orders)
    own = await office.own_chats(shown, now_ms)
    lines = [
        f"{people.title(key)}: yours alone {until_words(own[key], now_ms, zone)}"
        if key in own
        else f"{people.title(key)}: {applied(orders.rule(subject_of(('chat', key), people), now_ms))}"
        for key in shown
    ]
    clock = in_words(now_ms, now_ms, zone)
    return Answer(listed(f"{counted(len(people.chats), 'chat')}, newest first ({clock}):", lines, "No chat yet."))


def said_name(contact: Contact, people: People) -> str:
    """Words that name this contact again: the name when only one bears it, else the id."""
    if find_person(people, contact.name) != people.by_id(contact.contact_id):
        return contact.contact_id
    return quoted(contact.name)


async def _copy_orders(office: Office, gone: Contact, into: Contact) -> str:
    """Mode and blend of the id that is about to be no contact, to the one that stays, unless it has its own.

    A block holds for both, whoever had it.
    """
    orders, book = await office.orders(), await office.blend_book()
    old: Scope = ("contact", gone.contact_id)
    new: Scope = ("contact", into.contact_id)
    said = ""
    lasting, timed = ((rules.get(key_of(old)), rules.get(key_of(new))) for rules in (orders.rules, orders.timed))
    rule = next((one for one in lasting if one is not None and one.mode == "block"), lasting[1] or lasting[0])
    if rule is not None:
        await set_rule(office.client, new, rule)  # takes the order with an end away, so that comes after
    if (ending := timed[1] or timed[0]) is not None and (rule is None or rule.mode != "block"):
        await set_rule(office.client, new, ending)
    if lasting[0] or timed[0]:
        said = f"\nWhat was ordered for {gone.name} and for {into.name} is one now."
    blend = book.contacts.get(gone.contact_id)
    if blend is not None and into.contact_id not in book.contacts:
        await set_blend(office.client, ("contact", into.contact_id), blend)
        said += f"\nThe blend of {gone.name} too."
    return said
