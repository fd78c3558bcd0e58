"""PyWxDump's `users.json`, which lies beside its exports and says who the accounts are. Optional."""

import msgspec

from training.importers.base import Person
from training.importers.source import Source
from training.importers.text import tidy
from training.importers.wechat import person_id

_LONGEST_BYTES = 16 << 20


class _User(msgspec.Struct, frozen=True):
    nickname: str | None = ""
    remark: str | None = ""


def read_users(beside: Source) -> dict[str, Person]:
    """Who is who by `users.json` of the same folder: id -> person; empty when there is none, or it is none."""
    source = beside.sibling("users.json")
    if source is None or source.size > _LONGEST_BYTES:
        return {}
    with source.open() as stream:
        content = stream.read(_LONGEST_BYTES)
    try:
        users = msgspec.json.decode(content, type=dict[str, _User])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    people = {}
    for account, user in users.items():
        remark, nickname = tidy(user.remark or ""), tidy(user.nickname or "")
        if (who := person_id(account)) and (name := remark or nickname):
            people[who] = Person(who, name, bool(remark) and remark != nickname)
    return people
