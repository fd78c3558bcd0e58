"""What the promise says of drafts, corrections, orders and words taken back, as invariants over Redis."""

from collections import Counter
from typing import Any, cast

import msgspec
from hypothesis.stateful import invariant

from bot import keys
from bot.drafts import Draft, read_draft
from bot.outcomes import ENDED
from bot.pacing import split
from model_server.contract import Line
from model_server.corrections import Correction, read_corrections
from tests.bot.promise import CHATS, Promise


class DraftPromise(Promise):
    """What the test knows of the owner's acts, and what must hold because of them."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.taken_back: set[str] = set()
        self.orders: dict[str, list[tuple[float, str]]] = {chat: [(0, "auto")] for chat in CHATS}
        """chat -> (server ms, mode), in the order given."""

    def all_drafts(self) -> list[Draft]:
        newest = int(cast(bytes, self.eyes.get(keys.DRAFT_COUNTER)) or 0)
        found = [self.do(read_draft(self.client, no)) for no in range(1, newest + 1)]
        return [draft for draft in found if draft is not None]

    def all_corrections(self) -> list[Correction]:
        return [correction for _, correction in self.do(read_corrections(self.client))]

    def lines_of(self, key: str) -> list[Line]:
        return [msgspec.json.decode(raw, type=Line) for raw in cast(list[bytes], self.eyes.lrange(key, 0, -1))]

    @invariant()
    def an_open_draft_should_be_whole_and_alone(self) -> None:
        drafts = {draft.no: draft for draft in self.all_drafts() if draft.state == "open"}
        listed = {int(no) for no in cast(list[bytes], self.eyes.zrange(keys.DRAFTS, 0, -1))}
        assert listed == set(drafts)
        chats = {draft.chat_key: draft for draft in drafts.values()}
        assert len(chats) == len(drafts), "one open draft a chat"
        for chat in CHATS:
            no = cast(bytes | None, self.eyes.hget(keys.of_chat(chat).chat, "draft"))
            assert (None if no is None else int(no)) == (chats[chat].no if chat in chats else None)
        held = {request_id for request_id, state, _ in self.outcomes() if state == "held"}
        assert held == {draft.request_id for draft in drafts.values()}

    @invariant()
    def a_draft_should_answer_what_the_chat_says_now(self) -> None:
        for draft in self.all_drafts():
            if draft.state == "open":
                assert not self.mailbox(draft.chat_key)
                known = {line.line_id: line for line in self.lines_of(keys.of_chat(draft.chat_key).history)}
                assert draft.lines
                assert [known.get(line.line_id) for line in draft.lines] == list(draft.lines)

    @invariant()
    def every_turn_should_be_counted_once_where_it_stands(self) -> None:
        raw = cast(dict[bytes, bytes], self.eyes.hgetall(keys.COUNTS))
        counts = {name.decode(): int(count) for name, count in raw.items() if name.decode() in ENDED and int(count)}
        counted: Counter[str] = Counter()
        for request_id, state, _ in self.outcomes():
            ended = cast(bytes | None, self.eyes.hget(keys.outcome(request_id), "counted"))
            assert (ended is None) <= (state == "sending")
            counted.update([ended.decode()] if ended else [])
        assert counts == dict(counted)

    @invariant()
    def nothing_should_be_said_that_was_not_allowed(self) -> None:
        """A reply was decided on in `auto`, or approved word for word."""
        drafts = {draft.request_id: draft for draft in self.all_drafts()}
        for bubble_id, text in self.said.items():
            request_id, _, number = bubble_id.rpartition("#")
            if number.startswith("notice"):
                continue
            if (draft := drafts.get(request_id)) is not None:
                assert draft.state in ("sent", "edited")
                assert text == split(draft.final)[int(number)]

    @invariant()
    def replies_should_be_decided_on_in_the_mode_of_their_moment(self) -> None:
        drafts = {draft.request_id for draft in self.all_drafts()}
        for request_id, state, _ in self.outcomes():
            if request_id in drafts or state not in ("sending", "answered", "unknown", "dead"):
                continue
            about = cast(list[Any], self.eyes.hmget(keys.outcome(request_id), ["chat_key", "committed_ms"]))
            if about[1] is not None:
                assert "auto" in self._modes_at(about[0].decode(), int(about[1])), request_id

    def _modes_at(self, chat: str, at_ms: int) -> set[str]:
        """More than one when the order was given within the same millisecond."""
        orders = self.orders[chat]
        last = max(i for i, (since_ms, _) in enumerate(orders) if since_ms <= at_ms)
        return {mode for since_ms, mode in orders[last:] if since_ms <= at_ms + 1} | {
            mode for since_ms, mode in orders[max(0, last - 1) : last] if orders[last][0] >= at_ms - 1
        }

    @invariant()
    def a_draft_should_be_decided_on_once(self) -> None:
        decided = Counter(
            correction.request_id
            for correction in self.all_corrections()
            if correction.outcome in ("sent", "edited", "discarded")
        )
        assert not decided or max(decided.values()) == 1
        by_hand = {draft.request_id: draft for draft in self.all_drafts() if draft.final or draft.state == "discarded"}
        said_otherwise = {one.request_id for one in self.all_corrections() if one.outcome == "answered"}
        assert set(decided) <= set(by_hand) <= set(decided) | said_otherwise
        for correction in self.all_corrections():
            if correction.outcome in ("sent", "edited"):
                assert correction.final == by_hand[correction.request_id].final
                assert (correction.proposed == correction.final) >= (correction.outcome == "sent")

    @invariant()
    def words_taken_back_should_stand_nowhere(self) -> None:
        for chat in CHATS:
            of = keys.of_chat(chat)
            left = {*self.lines_of(of.history), *self.lines_of(of.shown), *self.mailbox(chat)}
            assert not self.taken_back & {f"{chat}:{line.line_id}" for line in left}
