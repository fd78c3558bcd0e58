"""The persona card: what the base model is told of whom it answers as, and to whom. Pure; knows no tokenizer.

Short on purpose: a small model follows three sentences and forgets ten, and the facets carry the voice.
"""

from model_server.config import OwnerConfig

_MANNERS = {
    "family": "You write to your family: warm and at ease.",
    "friend": "You write to a friend: casual, short, with humour.",
    "colleague": "You write to a colleague: brisk and to the point.",
    "stranger": "You write to someone you do not know: polite and brief.",
}
_NAME_LETTERS = 40


def card_for(owner: OwnerConfig, contact_type: str, contact_name: str) -> str:
    """The card for one contact: the owner's own card (or one made from the name), then the manner, then who writes.

    A name without a letter is none: platforms put a number or an id where a contact has no name.
    """
    name = owner.name.strip()
    who = owner.card.strip() or (f"You are {name}. You answer your own chat messages." if name else "You are a person.")
    manner = owner.cards.get(contact_type, "").strip() or _MANNERS.get(contact_type, _MANNERS["stranger"])
    called = _one_line(contact_name)
    writes = f"{called} writes to you." if any(map(str.isalpha, called)) else ""
    return " ".join(part for part in (who, manner, writes) if part)


def _one_line(name: str) -> str:
    """A contact chooses this name: no newline of theirs may start an instruction, and no essay fits."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())[:_NAME_LETTERS].strip()
