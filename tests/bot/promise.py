"""The promise as invariants over Redis, and what must be true when all has ended. The rules are in `test_machine`."""

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any, cast

import msgspec
from hypothesis.stateful import RuleBasedStateMachine, invariant

from adapters.base import OutboundMessage, SentReceipt
from bot import keys
from bot.accept import Mail
from bot.claims import Claim
from bot.outcomes import ENDED
from bot.pacing import Bubble
from bot.sending import resume
from model_server.contract import BOTS, RESULTS, Line, Reply, ReplyRequest, decode_request
from model_server.redis_link import connect, connect_blocking, ensure_group
from tests.bot.desk import Desk, Recorder, config

CHATS = ("test:1", "test:2")
FINAL = ("sent", "unknown", "failed", "withdrawn")


class Promise(RuleBasedStateMachine):
    """The state of a few chats on a real Redis, what the test knows of it, and what must hold after every step."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.client = connect(url)
        self.eyes = connect_blocking(url)
        self.do(self.client.flushall())
        self.shown: list[str] = []
        self.said: dict[str, str] = {}
        """bubble id -> what the platform was given."""
        self.withdrawn: set[str] = set()
        """The requests that were on their way when the owner wrote himself; at a panic, those nobody asked for."""
        self.forbidden: list[str] = []
        """Bubbles that left all the same, or under the kill switch."""
        leaves = self.leaves

        class Platform(Recorder):
            async def send(self, message: OutboundMessage) -> SentReceipt:
                leaves(message.bubble_id, message.text)
                return await super().send(message)

        # a line is at once the end of its burst; stand-downs end at once, so that chats go on
        self.desk = Desk(self.client, config(takeover_ms=0, mailbox_lines=4), Path("/nonexistent"), Platform())
        self.do(ensure_group(self.client, RESULTS, BOTS))
        self.accepted: list[str] = []
        self.ledgers: dict[str, str] = {}
        self.noticed: set[str] = set()
        self.count = 0
        self.claims: list[Claim] = []
        self.read: list[tuple[bytes, dict[bytes, bytes]]] = []
        self.decided: list[tuple[bytes, Reply, ReplyRequest]] = []
        self.sends: list[tuple[str, int, Bubble]] = []
        self.begun: list[tuple[str, int, Bubble, str]] = []

    def leaves(self, bubble_id: str, text: str) -> None:
        """A bubble is out. (A complaint raised here would be taken for the platform's trouble.)"""
        if self.eyes.exists(keys.HALT) or bubble_id.rpartition("#")[0] in self.withdrawn:
            self.forbidden.append(bubble_id)
        self.shown.append(bubble_id)
        self.said[bubble_id] = text

    def do(self, work: Any) -> Any:
        async def wait() -> Any:
            return await work

        return self.runner.run(wait())

    def teardown(self) -> None:
        try:
            self.everything_should_end()
        finally:
            self.do(self.client.aclose())
            self.eyes.close()
            self.runner.close()

    def all_results_are_handled(self) -> None:
        for entry_id, fields in cast(Any, self.do(self.client.xrange(RESULTS))):
            self.do(self.desk.results.handle(entry_id, fields))

    def outcomes(self) -> list[tuple[str, str, list[str]]]:
        """(request id, state, lines) of every outcome, the lines as `chat:line`."""
        found = []
        for key in cast(list[bytes], self.eyes.keys(keys.OUTCOME_PREFIX + "*")):
            chat, state, lines = cast(list[bytes], self.eyes.hmget(key, ["chat_key", "state", "lines"]))
            ids = [f"{chat.decode()}:{line_id}" for line_id in msgspec.json.decode(lines, type=list[str])]
            found.append((key.decode().removeprefix(keys.OUTCOME_PREFIX), state.decode(), ids))
        return found

    def mailbox(self, chat: str) -> list[Line]:
        raw = cast(list[bytes], self.eyes.lrange(keys.of_chat(chat).mailbox, 0, -1))
        return [msgspec.json.decode(entry.partition(b" ")[2], type=Mail).line for entry in raw]

    @invariant()
    def nothing_should_leave_after_the_owners_word(self) -> None:
        assert self.forbidden == []

    @invariant()
    def each_line_should_be_in_one_place(self) -> None:
        outcomes = self.outcomes()
        places = Counter(line for _, _, lines in outcomes for line in lines)
        places.update(f"{chat}:{line.line_id}" for chat in CHATS for line in self.mailbox(chat))
        assert places == Counter(self.accepted)
        for request_id, _, lines in outcomes:
            named = re.sub(r"(~\d+)?(:r1)?$", "", request_id)
            assert not lines or self._left_its_turn(request_id) or named == lines[-1], "no others than it was asked for"

    def _left_its_turn(self, request_id: str) -> bool:
        """Lines of a stale draft or a called back reply that were taken back: what is left of them waits again."""
        reason = cast(bytes, self.eyes.hget(keys.outcome(request_id), "reason"))
        return reason in (b"draft went stale: a line was taken back", b"called back")

    @invariant()
    def whatever_waits_should_come_due(self) -> None:
        for chat in CHATS:
            of = keys.of_chat(chat)
            assert not self.eyes.llen(of.mailbox) or self.eyes.zscore(keys.DUE, chat) is not None
            assert not self.eyes.llen(of.outbox) or self.eyes.zscore(of.outboxes, chat) is not None

    @invariant()
    def an_open_turn_should_be_whole(self) -> None:
        names = ["request_id", "n", "request", "deadline_ms", "mode", "attempt"]
        for chat in CHATS:
            of = keys.of_chat(chat)
            turn = cast(list[Any], self.eyes.hmget(of.chat, names))
            assert all(turn) or not any(turn)
            if turn[0]:
                covered = int(turn[1])
                assert 0 < covered <= len(self.mailbox(chat))
                request = decode_request(turn[2])
                assert request.request_id.encode() == turn[0]
                assert list(request.lines[-covered:]) == self.mailbox(chat)[:covered]

    @invariant()
    def the_ledger_should_only_move_forward(self) -> None:
        now: dict[str, str] = {}
        for key in cast(list[bytes], self.eyes.keys(keys.LEDGER_PREFIX + "*")):
            ledger = cast(dict[bytes, bytes], self.eyes.hgetall(key))
            now |= {name.decode(): state.decode() for name, state in ledger.items()}
        for bubble_id, state in self.ledgers.items():
            assert now[bubble_id] == state or not state.startswith(FINAL)
        self.ledgers = now

    @invariant()
    def people_should_be_shown_only_what_may_have_left(self) -> None:
        for chat in CHATS:
            for raw in cast(list[bytes], self.eyes.lrange(keys.of_chat(chat).shown, 0, -1)):
                line = msgspec.json.decode(raw, type=Line)
                if line.author == "persona":
                    ledger = keys.ledger(line.line_id.rpartition("#")[0])
                    state = cast(bytes, self.eyes.hget(ledger, line.line_id))
                    assert state.startswith((b"sent", b"unknown"))

    @invariant()
    def nothing_should_be_said_twice_or_out_of_order(self) -> None:
        replies = [bubble_id for bubble_id in self.shown if "#notice" not in bubble_id]
        assert len(replies) == len(set(replies))
        for chat in CHATS:
            mine = [bubble_id for bubble_id in replies if bubble_id.startswith(chat)]
            places = [(int(re.split("[#~:]", one)[2]), int(one.rpartition("#")[2])) for one in mine]
            assert places == sorted(places)

    @invariant()
    def nothing_should_be_said_before_the_notice(self) -> None:
        tries = {chat: cast(bytes, self.eyes.hget(keys.of_chat(chat).chat, "notice_tries")) for chat in CHATS}
        noticed = self.noticed | {chat for chat in CHATS if int(tries[chat] or 0) >= 3}
        for bubble_id in self.shown:
            chat = bubble_id[:6]
            if "#notice" in bubble_id:
                noticed.add(chat)
            assert chat in noticed

    def everything_should_end(self) -> None:
        """With nobody dying any more, every line's turn ends in a visible state and nothing is left over."""
        self.do(resume(self.client))
        for _ in range(40):
            for chat in CHATS:
                self.do(self.desk.lapse(chat))
            self.do(self.desk.turns.step())
            self.do(self.desk.answer_all())
            self.all_results_are_handled()
            for chat in CHATS:
                self.do(self.desk.deliver(chat))
        assert {state for _, state, _ in self.outcomes()} <= set(ENDED)
        assert self.do(self.client.zcard(keys.DUE)) == self.do(self.client.zcard(keys.outboxes("test"))) == 0
        assert self.do(self.client.xlen(RESULTS)) == self.do(self.client.xpending(RESULTS, BOTS))["pending"] == 0
        self.each_line_should_be_in_one_place()
        self.nothing_should_be_said_twice_or_out_of_order()
