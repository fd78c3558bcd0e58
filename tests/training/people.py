"""People and chats as the raw store tells of them, in few words."""

from training.importers.base import ChatKind
from training.people.facts import ChatFacts, SenderFacts


def chat(
    key: str,
    lines: dict[str, int],
    *,
    kind: ChatKind = "personal",
    name: str = "",
    contact: str = "",
    owners: tuple[str, ...] = (),
) -> ChatFacts:
    """`lines` by the last part of ids: `{"me": 3}` is `telegram:me` where the key says telegram."""
    platform = key.partition(":")[0]
    written = {f"{platform}:{one}": count for one, count in lines.items()}
    return ChatFacts(key, kind, platform, name, contact, owners, (f"{key.replace(':', '_')}.txt",), written)


def person(one: str, name: str = "", *, saved: bool | None = None, handles: tuple[str, ...] = ()) -> SenderFacts:
    """A person; the name is what stands after the colon where none is given."""
    return SenderFacts(one, name or one.partition(":")[2], saved, handles)
