"""What the owner, and people who change their minds, may do at any moment of the state machine."""

from collections import Counter
from typing import cast

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot import keys
from bot.chat_control import resume_chat, rouse, stand_down
from bot.order_store import set_rule
from bot.orders import Mode, ModeRule
from bot.sending import halt, resume
from tests.bot.draft_promise import DraftPromise
from tests.bot.promise import CHATS

chats = st.sampled_from((*CHATS[:1] * 3, *CHATS))
"""Mostly one chat: more happens to it."""
picks = st.integers(0, 5)
fresh = st.sampled_from((0, 0, 1, 2))
"""People mostly change their mind about what they said last."""


class OwnerRules(DraftPromise):
    """Rules over the promise; the other rules are in `world` and `test_machine`."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.presses: Counter[int] = Counter()

    @rule(chat=chats, mode=st.sampled_from(["auto", "draft", "draft", "off"]))
    def the_owner_orders(self, chat: str, mode: Mode) -> None:
        """The order is in force before it is noted: what was decided in between may be either."""
        self.do(set_rule(self.client, ("chat", chat), ModeRule(mode, None, 1)))
        self.do(rouse(self.desk.scripts))
        self.orders[chat].append((int(self.do(self.desk.now_ms())), mode))

    @property
    def being_written(self) -> list[str]:
        """The chats with a turn in flight."""
        return [chat for chat in CHATS if self.eyes.hexists(keys.of_chat(chat).chat, "request_id")]

    @precondition(lambda self: self.being_written)
    @rule(mode=st.sampled_from(["draft", "off"]))
    def the_owner_wants_nothing_sent_by_itself(self, mode: Mode) -> None:
        """Just while something is being written."""
        self.the_owner_orders(self.being_written[0], mode)

    @property
    def any_draft(self) -> bool:
        """One that is open, or the newest one once more."""
        newest = int(cast(bytes, self.eyes.get(keys.DRAFT_COUNTER)) or 0)
        return bool(self.eyes.zcard(keys.DRAFTS)) or (newest > 0 and self.presses[newest] < 2)

    def _some_draft(self, pick: int) -> int:
        """An open one, or now and then one that is over."""
        drafts = self.all_drafts()
        wanted = [draft for draft in drafts if draft.state == "open"] if pick < 5 else []
        no = (wanted or drafts)[-1].no
        self.presses[no] += 1
        return no

    @precondition(lambda self: self.any_draft)
    @rule(pick=picks, seen=st.sampled_from([None, None, "one\ntwo", "well"]))
    def the_owner_approves(self, pick: int, seen: str | None) -> None:
        """What he saw may be what was proposed before."""
        self.do(self.desk.drafts.send(self._some_draft(pick), seen))

    @precondition(lambda self: self.any_draft)
    @rule(pick=picks)
    def the_owner_says_it_better(self, pick: int) -> None:
        self.do(self.desk.drafts.edit(self._some_draft(pick), "better\nmuch better"))

    @precondition(lambda self: self.any_draft)
    @rule(pick=picks)
    def the_owner_discards(self, pick: int) -> None:
        self.do(self.desk.drafts.discard(self._some_draft(pick)))

    @precondition(lambda self: self.any_draft)
    @rule(pick=picks)
    def the_owner_asks_for_another(self, pick: int) -> None:
        self.do(self.desk.drafts.regenerate(self._some_draft(pick)))

    @precondition(lambda self: self.any_draft)
    @rule(pick=picks)
    def the_owner_takes_over(self, pick: int) -> None:
        self.do(self.desk.drafts.take_over(self._some_draft(pick)))

    @precondition(lambda self: self.count % 3 == 0)
    @rule(chat=chats)
    def the_owner_keeps_a_chat_quiet_for_a_moment(self, chat: str) -> None:
        self.do(stand_down(self.desk.scripts, chat, 1))
        self.do(resume_chat(self.desk.scripts, chat))

    @rule(on=st.booleans())
    def panic(self, on: bool) -> None:
        """Whatever nobody asked for does not leave any more."""
        self.do(halt(self.client) if on else resume(self.client))
        if on:
            self.withdrawn.update(self.leaving_unasked())

    def leaving_unasked(self) -> list[str]:
        """The replies on their way that the owner has not approved."""
        leaving = [request_id for request_id, state, _ in self.outcomes() if state == "sending"]
        return [one for one in leaving if not self.eyes.hexists(keys.outcome(one), "draft")]

    @rule(chat=chats)
    def replies_are_called_back(self, chat: str) -> None:
        self.do(self.desk.scripts.say("recall", chat))
        self.withdrawn.update(one for one in self.leaving_unasked() if one.startswith(chat))

    @precondition(lambda self: self.accepted)
    @rule(pick=fresh, text=st.sampled_from(["hi", "ho", "hm"]))
    def a_line_is_edited(self, pick: int, text: str) -> None:
        _, chat, line_id = self.accepted[-1 - pick % len(self.accepted)].split(":")
        self.do(self.desk.edit(line_id, text, chat))

    @precondition(lambda self: self.accepted)
    @rule(pick=fresh, several=st.booleans())
    def lines_are_taken_back(self, pick: int, several: bool) -> None:
        _, chat, line_id = self.accepted[-1 - pick % len(self.accepted)].split(":")
        line_ids = [line_id, f"{int(line_id) - 1:03}"] if several else [line_id]
        self.taken_back.update(f"test:{chat}:{one}" for one in line_ids)
        self.do(self.desk.take_back(*line_ids, chat=chat))
