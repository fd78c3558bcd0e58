"""The words of the desk's answers: short, for a phone, naming what applies, until when, and how to take it back.

Pure: knows no Redis and acts on nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapters.owner_port import Screen, Shown
from bot.orders import Scope
from bot.owner.names import People, namesakes

SCREEN_LIMIT_CHARS = 1_900
"""The longest screen: Discord takes 2,000 characters."""
_NAMESAKES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What the desk says to a word. `ok` False: not understood, or refused; nothing was changed."""

    text: str
    ok: bool = True

    def shown(self) -> Shown:
        """As an adapter shows it."""
        return Shown(Screen(fitted(self.text)), ok=self.ok)


def refused(what: object, hint: str = "") -> Answer:
    """Nothing was changed, because; and what to do instead."""
    said = str(what)
    sentence = said[:1].upper() + said[1:]
    return Answer(f"{sentence}\n{hint[:1].upper()}{hint[1:]}" if hint else sentence, ok=False)


def fitted(text: str, most_chars: int = SCREEN_LIMIT_CHARS) -> str:
    """The text, cut at the end of a line where it is too long for a screen, saying so."""
    if len(text) <= most_chars:
        return text
    kept = text[: most_chars - 30].rpartition("\n")[0] or text[: most_chars - 30]
    left = text[len(kept) :].strip("\n").count("\n") + 1
    return f"{kept}\n… and {left} more line{'s' if left > 1 else ''}"


def clipped(text: str, most_chars: int) -> str:
    """The beginning of a text on one line."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most_chars else plain[: most_chars - 1].rstrip() + "…"


def listed(head: str, lines: Iterable[str], none: str) -> str:
    """A heading with its lines, or the sentence for none."""
    found = [*lines]
    return "\n".join((head, *found)) if found else none


def placed(scope: Scope, people: People) -> str:
    """`for family`, `for Ann`, `in Ann (friend, telegram:42)`, `everywhere`: where an order holds, in words."""
    kind, name = scope
    if kind == "global":
        return "everywhere"
    if kind == "chat":
        writes = people.of_chat(name)
        return f"in {writes.contact.name} ({writes.contact.contact_type}, {name})" if writes else f"in {name}"
    person = people.by_id(name) if kind == "contact" else None
    return f"for {person.contact.name if person else name}"


def addressed(scope: Scope) -> str:
    """The words that name this scope again in a command: `for family`, `in telegram:42`; nothing for everywhere."""
    kind, name = scope
    if kind == "global":
        return ""
    return f" in {quoted(name)}" if kind == "chat" else f" for {quoted(name)}"


def quoted(name: str) -> str:
    """A name as one word of a command."""
    return f'"{name}"' if " " in name else name


def not_meant(scope: Scope, people: People) -> list[str]:
    """That an order for a type is not for the person who is called like it; nothing where nobody is."""
    called = namesakes(people, scope)
    ids = ", ".join(person.contact.contact_id for person in called[:_NAMESAKES])
    return [f"`{scope[1]}` means the type; the person of that name is {ids}."] if called else []


def weighed(blend: Mapping[str, float]) -> str:
    """`core 0.5 + family 0.5`, the heaviest first; the base model alone is said in words."""
    ranked = sorted(blend.items(), key=lambda item: (-item[1], item[0]))
    return " + ".join(f"{name} {weight:g}" for name, weight in ranked) or "the base model alone"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 draft`, `3 drafts`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
