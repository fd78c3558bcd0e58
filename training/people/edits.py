"""Edits of the contacts that the owner orders: joined, taken apart, renamed, typed. Pure; knows no file.

The first id of a contact names it. CorpusError when a contact meant by a name or an id is not exactly one.
"""

from collections.abc import Sequence

import msgspec

from model_server.errors import CorpusError
from training.contacts import Contact, find_contact

LONGEST_NAME_CHARS = 100


def merged(contacts: Sequence[Contact], kept: str, other: str) -> list[Contact]:
    """Both are one person: `kept` keeps its id, name and type (or takes the other's, when it has none)."""
    into, gone = find_contact(list(contacts), kept), find_contact(list(contacts), other)
    if into is gone:
        raise CorpusError(f"{kept!r} and {other!r} are one contact already", "see `selfsame contacts list`")
    ids = tuple(dict.fromkeys((*into.ids, *gone.ids)))
    joined = msgspec.structs.replace(into, ids=ids, type=into.type or gone.type)
    return [joined if one is into else one for one in contacts if one is not gone]


def split(contacts: Sequence[Contact], contact_id: str) -> list[Contact]:
    """The person behind this one id is a contact apart, of the same name and without a type."""
    whole = next((one for one in contacts if contact_id in one.ids), None)
    if whole is None:
        raise CorpusError(f"no contact has the id {contact_id!r}", "see the ids in `selfsame contacts list`")
    if len(whole.ids) == 1:
        raise CorpusError(f"{contact_id} is the only id of {whole.name}", "there is nothing to take apart")
    rest = msgspec.structs.replace(whole, ids=tuple(one for one in whole.ids if one != contact_id))
    apart = Contact(whole.name, ids=(contact_id,))
    return [part for one in contacts for part in ((rest, apart) if one is whole else (one,))]


def renamed(contacts: Sequence[Contact], named: str, name: str) -> list[Contact]:
    """The contact is called so from now on."""
    found = find_contact(list(contacts), named)
    changed = msgspec.structs.replace(found, name=clean_name(name))
    return [changed if one is found else one for one in contacts]


def clean_name(name: str) -> str:
    """The name with single spaces. CorpusError when it is none."""
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME_CHARS or not plain.isprintable():
        raise CorpusError(f"{name[:LONGEST_NAME_CHARS]!r} is no name", f"use 1 to {LONGEST_NAME_CHARS} characters")
    return plain
