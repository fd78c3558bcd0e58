"""The rules of the state machine where nobody dies: lines arrive, turns are answered, bubbles leave."""

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from bot import keys
from tests.bot.owner_rules import OwnerRules, chats, picks

Item = TypeVar("Item")


def newest(items: Sequence[Item], pick: int) -> Item:
    """The newest for 0, older ones for more."""
    return items[-1 - pick % len(items)]


class World(OwnerRules):
    """Two chats, people who write, a bot that works, and the owner."""

    @initialize(known=st.sampled_from([True, True, False]), drafts=st.sampled_from([True, True, False]))
    def a_chat_may_have_a_past(self, known: bool, drafts: bool) -> None:
        """Then its notice was given, and a reply waits to be sent, or for the owner."""
        if drafts:
            self.the_owner_orders("test:1", "draft")
        if known:
            self.do(self.client.hset(keys.of_chat("test:1").chat, "disclosed_ms", 1))
            self.noticed.add("test:1")
            self.a_line_arrives("test:1")
            self.turns_are_answered("one\ntwo")

    # ── the world ────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(chat=chats)
    def a_line_arrives(self, chat: str) -> None:
        self.count += 1
        if self.do(self.desk.line(chat[5:], f"{self.count:03}")) == "taken":
            self.accepted.append(f"{chat}:{self.count:03}")

    @precondition(lambda self: self.accepted)
    @rule(pick=picks)
    def an_old_line_arrives_again(self, pick: int) -> None:
        _, chat, line_id = newest(self.accepted, pick).split(":")
        assert self.do(self.desk.line(chat, line_id)) == "duplicate"

    @rule(chat=chats, really=st.sampled_from([False, False, False, True]), hasty=st.booleans())
    def the_owner_writes(self, chat: str, really: bool, hasty: bool) -> None:
        """Not often, it ends everything that is interesting; rather while a reply is on its way."""
        if not really and not (hasty and self.eyes.llen(keys.of_chat(chat).outbox)):
            return
        self.count += 1
        self.do(self.desk.line(chat[5:], f"{self.count:03}", from_owner=True))
        self.withdrawn.update(
            request_id for request_id, state, _ in self.outcomes() if state == "sending" and request_id.startswith(chat)
        )

    # ── nobody dies ──────────────────────────────────────────────────────────────────────────────────────────────

    @rule()
    def turns_are_opened(self) -> None:
        self.do(self.desk.turns.step())

    @rule(text=st.sampled_from(["one\ntwo", "well", ""]), opened=st.booleans())
    def turns_are_answered(self, text: str, opened: bool = True) -> None:
        if opened:
            self.do(self.desk.turns.step())
        self.do(self.desk.answer_all(text))
        self.all_results_are_handled()

    @rule()
    def results_are_handled(self) -> None:
        self.all_results_are_handled()

    @rule(chat=chats)
    def a_chat_is_delivered(self, chat: str) -> None:
        self.do(self.desk.lapse(chat))
        self.do(self.desk.deliver(chat))
