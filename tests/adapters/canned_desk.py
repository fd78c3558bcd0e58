"""A desk over canned cards, for tests of the owner's page: it pairs whoever has the code, and does what buttons say."""

from dataclasses import dataclass, field

from adapters.base import ChatRef
from adapters.owner_port import Button, Card, Press, Screen, Shown, Word

CODE = "K7QM-2VXD"
OWNER = "Tilda Varnholt"


def card(no: int, name: str, line: str, reply: str, version: int = 1) -> Card:
    verbs = ("Send", "Edit", "Discard", "Regenerate", "Take over")
    buttons = tuple(Button(verb, f"d:{verb.lower().replace(' ', '')}:{no}:{version}") for verb in verbs)
    text = f"Draft {no} for {name}\n“{line}”\n\n{reply}\n\ncore 0.5 + friend 0.5 · until 18:40, 5 h left"
    return Card(f"draft-{no}", version, Screen(text, (buttons[:3], buttons[3:])))


@dataclass
class CannedDesk:
    """An `adapters.owner_port.Desk`. `away`: the store behind it is gone."""

    cards: list[Card] = field(default_factory=list)
    owners: set[str] = field(default_factory=set)
    words: list[Word] = field(default_factory=list)
    pressed: list[Press] = field(default_factory=list)
    away: bool = False

    async def is_owner(self, platform: str, user_id: str) -> bool:
        self._there()
        return platform == "web" and user_id in self.owners

    async def word(self, word: Word) -> Shown | None:
        self._there()
        self.words.append(word)
        if word.text == f"/pair {CODE}":
            self.owners.add(word.user_id)
            return Shown(Screen("paired"))
        if word.text.startswith("/pair"):
            return Shown()
        if word.user_id not in self.owners:
            return None
        if word.text == "/status":
            return Shown(Screen("Draft for everybody since 12:03\nauto for family\noff for telegram:42 until 18:00"))
        if word.text == "/edit 17":
            return Shown(ask_token="t:edit:17:1", ask_prefill="At 8 works!")
        return Shown(Screen(f"done: {word.text}", ((Button("Undo", "u:1:1:1"),),)))

    async def press(self, press: Press) -> Shown | None:
        self._there()
        if press.user_id not in self.owners:
            return None
        self.pressed.append(press)
        verb, no = press.token.split(":")[1:3]
        if verb == "edit" and press.text is None:
            return Shown(Screen("Your words to Noor:"), ask_token=press.token, ask_prefill="At 8 works!")
        found = next((one for one in self.cards if one.card_id == f"draft-{no}"), None)
        if found is None:
            return Shown(toast="That is over", ok=False)
        self.cards.remove(found)
        return Shown(toast="Sent in your words" if press.text else "Sent as proposed")

    async def shown_as(self, platform: str, message_id: str, token: str) -> None:
        raise AssertionError

    async def contact_word(self, chat: ChatRef, sender_id: str, sender_name: str, command: str) -> str | None:
        raise AssertionError

    def owner_commands(self) -> tuple[tuple[str, str], ...]:
        names = ("autoreply", "blend", "chats", "contact", "digest", "discard", "drafts", "status", "panic", "pause")
        return tuple((name, f"what {name} does") for name in names)

    def contact_commands(self) -> tuple[tuple[str, str], ...]:
        return ()

    async def told(self) -> tuple[Card, ...]:
        return ()

    async def board(self) -> tuple[Card, ...]:
        self._there()
        return tuple(self.cards)

    def _there(self) -> None:
        if self.away:
            raise ConnectionError("the store is away")
