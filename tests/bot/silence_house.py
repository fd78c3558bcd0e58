"""One bot process by hand, with the owner at its desk: every part is the real one, on a real Redis, step by step.

Only two edges are ours: the platform (`silence_judge.Edge`) and the model (`KINDS` of answers).
"""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any, cast

import msgspec
import redis.asyncio

from adapters.base import ChatRef, DeletedMessages, EditedMessage, InboundMessage
from adapters.owner_port import Press, Word
from bot import keys
from bot.accept import make_inbox
from bot.deliver import Courier
from bot.drafts import Draft, open_drafts
from bot.loops import Stopping
from bot.outbox import Results
from bot.owner.cards import token_of
from bot.owner.contact_words import command_in, texts
from bot.owner.push import OwnerPush
from bot.owner.staff import hire
from bot.turns import Turns
from model_server.contract import FIELD, REQUESTS, RESULTS, Reply, ReplyFailed, ReplyRequest, decode_request, encode
from model_server.home import Home
from tests.bot.silence_judge import CONFIG, CONTACTS, NOTICE, OWNER, SECRET, TYPES, Edge, Judge

NOW_MS = 4_000_000_000_000
OWNERS_CHAT = ChatRef("test", OWNER)
NASTY = {
    "remnant": f"<|im_start|>assistant {SECRET}",
    "role": f"hello\nassistant\n{SECRET}",
    "empty": " \n ",
    "looping": "well " * 40,
    "link": "look at https://evil.example/x",
    "number": "call me at +49 170 1234567",
}
KINDS = ("good", "failed", "unreadable", "no field", "crossed", "unasked", "twice", *NASTY)


class House:
    """The parts of one bot process, step by step, and everybody around it. Public methods are what may happen."""

    def __init__(self, client: redis.asyncio.Redis, directory: Path, *, resend_safe: bool) -> None:
        self.client = client
        self.home = Home(directory)
        self.home.contacts_file.write_bytes(CONTACTS)
        self.judge = Judge(resend_safe=resend_safe)
        self.edge = Edge(self.judge)
        self.staff = hire(client, CONFIG, self.home, lambda: {"test": cast(Any, self.edge)})
        self.desk = self.staff.desk
        self.scripts = self.staff.scripts
        self.push = OwnerPush(self.desk.office, self.edge, "test")
        stopping = Stopping()
        self.inbox = make_inbox(self.scripts, stopping, self.staff.contact_word)
        self.turns = Turns(self.scripts, self.staff.contacts, CONFIG.turns, self.desk.office.orders, {})
        self.results = Results(self.scripts, "house", CONFIG)
        self.courier = Courier(self.scripts, cast(Any, self.edge), NOTICE, CONFIG.turns.lease_ms, stopping)
        self.accepted: set[str] = set()
        self.lines: dict[str, list[str]] = defaultdict(list)
        self.count = 0
        self.buried = 0
        self.flaws: dict[str, int] = defaultdict(int)
        """A place in our code -> how often it is still to fail."""
        self.failed_in_turns = 0
        self.looking = False
        """Who somebody is may also be asked beside a turn: it fails within one only."""
        self.forgot = False
        self.good: list[tuple[str, tuple[str, ...]]] = []
        """Request ids with the bubbles of a good reply that is still to be handled."""

    async def begin(self) -> None:
        """The owner is paired, and the people in the file are known."""
        await self.client.flushall()
        self.staff.contacts.entries()
        code = await self.desk.office.pairing.new_code()
        assert (await self._owner(f"/pair {code}")).ok
        await self.push.step()

    # ── people write ─────────────────────────────────────────────────────────────────────────────────────────────

    async def hears(self, chat: str, text: str = "", *, closed: bool = False) -> None:
        self.count += 1
        line_id = f"{self.count:03}"
        command = command_in(text)
        if command == "forgetme yes":
            self._forgets(chat)
        elif command == "human":
            self.judge.stands_down(chat)
        if command:
            said = texts(command, CONFIG.owner.name, NOTICE, CONFIG.turns.history_lines)
            self.judge.allow(f"test:{chat}:{line_id}", said)
            await self.client.delete(f"ss:{{s0}}:said:test:{chat}:{command}")  # long enough since the last time
        else:
            self.judge.closed[chat] = closed
        until_ms = 1 if closed else None
        message = self._message(chat, line_id, text or f"said-{chat}-{line_id}", answer_until_ms=until_ms)
        assert await self.inbox(message) == "taken"
        self.accepted.add(f"test:{chat}:{line_id}")
        self.lines[chat].append(line_id)
        assert await self.inbox(message) in ("taken", "duplicate")  # the platform delivers it again

    async def hears_too_late(self, chat: str) -> None:
        """A line that the platform lets nobody answer any more."""
        await self.hears(chat, closed=True)

    async def owner_types(self, chat: str) -> None:
        self.count += 1
        self.judge.age[chat] += 1
        self.judge.stands_down(chat)
        assert await self.inbox(self._message(chat, f"{self.count:03}", "mine", from_owner=True)) == "taken"

    async def edits(self, chat: str, pick: int) -> None:
        if self.lines[chat]:
            line_id = self.lines[chat][-1 - pick % len(self.lines[chat])]
            await self.inbox(EditedMessage(self._message(chat, line_id, f"said-{chat}-{line_id} anew {self.count}")))

    async def takes_back(self, chat: str, pick: int) -> None:
        if self.lines[chat]:
            line_id = self.lines[chat][-1 - pick % len(self.lines[chat])]
            await self.inbox(DeletedMessages(ChatRef("test", chat), (line_id,)))

    async def impostor_says(self, words: str) -> None:
        """Somebody who was never paired, by words and by a button."""
        assert await self.desk.word(Word("test", "s1", "Ann", ChatRef("test", "1"), words)) is None
        for draft in await open_drafts(self.client):
            assert await self.desk.press(Press("test", "s1", token_of("send", draft), "mine")) is None

    async def asks_in_place(self, chat: str, command: str) -> None:
        await self.client.delete(f"ss:{{s0}}:said:test:{chat}:{command}")
        said = await self.desk.contact_word(ChatRef("test", chat), f"s{chat}", "X", command)
        fixed = texts(command, CONFIG.owner.name, NOTICE, CONFIG.turns.history_lines)
        assert said == (None if self.judge.halted or not fixed else "\n".join(fixed))

    # ── the owner decides ────────────────────────────────────────────────────────────────────────────────────────

    async def orders(self, mode: str, where: str) -> None:
        if (await self._owner(f"/autoreply {mode} {where}")).ok:
            if mode == "clear":
                self.judge.rules.pop(where or "global", None)
            else:
                self.judge.rules[where or "global"] = mode
            self.judge.orders_changed()

    async def commands(self, verb: str, chat: str) -> None:
        """`/pause`, `/resume`, `/panic`, `/undo`, also of one chat."""
        judge = self.judge
        done = (await self._owner(f"/{verb} in test:{chat}" if chat else f"/{verb}")).ok
        match verb:
            case "panic":
                assert done or chat
                judge.halted |= done
                judge.orders_changed()
            case "pause" if done and chat:
                judge.stands_down(chat)
            case "pause" if not chat:
                judge.paused = True
                judge.orders_changed()
            case "resume" if done and chat:
                judge.standing[chat] = False
            case "resume" if not chat:
                judge.paused = judge.halted = False

    async def decides(self, verb: str, how: str) -> None:
        """On the newest draft: by a button, by words, by the answer to a question; and once more by the same button."""
        if drafts := await open_drafts(self.client):
            await self._decide(drafts[-1], verb, how, f"my own words {self.count}")
            await self._decide(drafts[-1], verb, "pressed", "other words")

    async def _decide(self, draft: Draft, verb: str, how: str, own: str) -> None:
        token, own = token_of(cast(Any, verb), draft), own if verb == "edit" else ""
        if how == "typed":
            shown = await self._owner(f"/{verb} {draft.no} {own}")
        elif how == "asked" and verb == "edit":
            asked = cast(Any, await self.desk.press(Press("test", OWNER, token)))
            assert asked.ask_token == token
            await self.desk.shown_as("test", "q", token)
            shown = await self._owner(own, answers="q")
        else:
            shown = cast(Any, await self.desk.press(Press("test", OWNER, token, own or None)))
        assert SECRET not in str(shown), "the owner reads what failed, not its message"
        approved = verb in ("send", "edit") and "On its way" in str(shown)
        if approved:
            self.judge.allow(draft.request_id, (own,) if own else tuple(draft.text.split("\n")))
        elif verb == "takeover" and "is yours until" in str(shown):
            chat = draft.chat_key.removeprefix("test:")
            self.judge.age[chat] += 1
            self.judge.stands_down(chat)

    # ── the bot works, the model answers, the platform takes ────────────────────────────────────────────────────

    async def looks(self) -> None:
        self.looking = True
        await self.turns.step()
        self.looking = False

    async def model_answers(self, kind: str) -> None:
        """Every request gets this kind of answer; what is good is known by its words."""
        for entry_id, fields in cast(Any, await self.client.xrange(REQUESTS)):
            request = decode_request(fields[FIELD])
            chat = request.chat_key.removeprefix("test:")
            assert all(f"said-{other}" not in str(request.lines) for other in TYPES if other != chat)
            for raw in self._answers(kind, request, chat):
                await self.client.xadd(RESULTS, cast(Any, raw))
            await self.client.xdel(REQUESTS, entry_id)

    def _answers(self, kind: str, request: ReplyRequest, chat: str) -> list[dict[bytes, bytes]]:
        self.count += 1
        bubbles = (f"good {self.count}", f"as said-{chat}")
        if kind in ("good", "twice"):
            self.good.append((request.request_id, bubbles))
        if kind in ("unreadable", "no field"):
            self.buried += 1
        good = reply_to(request, "\n".join(bubbles))
        failed = ReplyFailed(request.request_id, request.chat_key, "engine", f"CUDA error {SECRET}")
        result: Any = {
            "twice": good,
            "failed": failed,
            "crossed": msgspec.structs.replace(good, chat_key=f"test:{'2' if chat == '1' else '1'}"),
            "unasked": msgspec.structs.replace(good, request_id=f"{request.chat_key}:999"),
        }.get(kind, reply_to(request, NASTY[kind]) if kind in NASTY else good)
        match kind:
            case "unreadable":
                return [{FIELD: b"\xff\xfe{" + SECRET.encode()}]
            case "no field":
                return [{b"x": SECRET.encode()}]
            case _:
                return [{FIELD: encode(result)}] * (2 if kind == "twice" else 1)

    async def results_are_read(self) -> None:
        """A good reply may leave by itself when at this moment the owner wants that."""
        for request_id, bubbles in self.good:
            self.judge.allow_by_itself(request_id, bubbles)
        self.good.clear()
        self.results._sweep_at = float("inf")
        while await self.client.xlen(RESULTS):
            await self.results.step()

    async def delivers(self, chat: str, *faults: str) -> None:
        """Until nothing is due or the platform asks for patience."""
        self.edge.script = list(faults)
        await self._lapse(chat)
        done = ""
        while done not in ("lost", "halted", "later"):
            try:
                done = await self.courier.send_next(f"test:{chat}")
            except asyncio.CancelledError:
                done = "lost"
        self.edge.script.clear()
        for broken in self.edge.broken:
            raise broken

    # ── trouble of our own ───────────────────────────────────────────────────────────────────────────────────────

    async def breaks(self, place: str) -> None:
        self.flaws[place] += 1

    def fails(self, place: str) -> None:
        """Called where our code may be broken."""
        if self.flaws[place] and (self.looking or place != "bot.contacts.ContactBook.resolve"):
            self.flaws[place] -= 1
            self.failed_in_turns += place != "bot.drafts.at_once"
            raise RuntimeError(SECRET)

    async def contacts_file(self, content: bytes) -> None:
        self.home.contacts_file.write_bytes(content)

    async def owner_is_told(self) -> None:
        await self.push.step()

    # ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _forgets(self, chat: str) -> None:
        self.forgot = True
        self.judge.forget(chat)
        self.accepted = {line for line in self.accepted if not line.startswith(f"test:{chat}:")}
        self.lines[chat].clear()

    async def _lapse(self, chat: str) -> None:
        for schedule in (keys.DUE, keys.outboxes("test")):
            await self.client.zadd(schedule, {f"test:{chat}": 0}, xx=True)

    async def _owner(self, words: str, answers: str | None = None) -> Any:
        shown = await self.desk.word(Word("test", OWNER, "Me", OWNERS_CHAT, words, answers))
        assert shown is not None
        assert SECRET not in str(shown), "the owner reads what failed, not its message"
        return shown

    def _message(self, chat: str, line_id: str, text: str, **more: Any) -> InboundMessage:
        return InboundMessage(ChatRef("test", chat), line_id, text, f"s{chat}", "X", NOW_MS, **more)


def reply_to(request: ReplyRequest, text: str) -> Reply:
    """As a worker would."""
    who = request.request_id, request.chat_key, text, request.contact_type
    return Reply(*who, {"core": 1.0}, {"core": "v1"}, 9, 3, 5, 7, "stop")
