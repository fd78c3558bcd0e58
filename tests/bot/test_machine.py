"""Whatever happens in whatever order, and whoever dies or sleeps in between, the promise should hold.

Hypothesis drives the real scripts on a real Redis. Dying is forgetting: a claim, a read result or a begun send is
simply never continued; a zombie continues one much later, as often as it likes. Leases run out when a rule says so.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot import keys
from bot.pacing import Bubble
from model_server.contract import (
    FIELD,
    REQUESTS,
    Reply,
    ReplyFailed,
    decode_request,
    decode_result,
)
from model_server.redis_link import connect_blocking
from tests.bot.owner_rules import chats, picks
from tests.bot.world import World, newest

ends = st.sampled_from(["sent p1", "unknown", "pending", "failed no"])


class Machine(World):
    """And any number of processes that die or sleep between any two steps."""

    # ── bots that die or sleep between any two steps ─────────────────────────────────────────────────────────────

    @rule(chat=chats, lapsed=st.booleans())
    def a_bot_claims(self, chat: str, lapsed: bool) -> None:
        if lapsed:
            self.do(self.desk.lapse(chat))
        if (claimed := self.do(self.desk.claim(chat))) is not None:
            self.claims.append(claimed)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def a_bot_acts_on_a_claim(self, pick: int) -> None:
        self.do(self.desk.turns.act(newest(self.claims, pick)))

    @rule()
    def a_bot_reads_a_result(self) -> None:
        """Once with fresh eyes; with what its turn was at that moment, for the hand that commits much later."""
        for entry_id, fields in self.do(self.desk.results._read_stream(">", None)):
            self.read.append((entry_id, fields))
            result = decode_result(fields[FIELD])
            raw = self.do(self.client.hget(keys.of_chat(result.chat_key).chat, "request"))
            if isinstance(result, Reply) and raw and decode_request(raw).request_id == result.request_id:
                self.decided.append((entry_id, result, decode_request(raw)))

    @precondition(lambda self: self.read)
    @rule(pick=picks)
    def a_bot_handles_a_result(self, pick: int) -> None:
        self.do(self.desk.results.handle(*newest(self.read, pick)))

    @precondition(lambda self: self.decided)
    @rule(pick=picks)
    def a_bot_commits_late(self, pick: int) -> None:
        entry_id, reply, request = newest(self.decided, pick)
        self.do(self.desk.results._commits.commit(entry_id, reply, request, "one\ntwo"))

    @precondition(lambda self: self.decided)
    @rule(pick=picks)
    def a_bot_regenerates_late(self, pick: int) -> None:
        entry_id, reply, request = newest(self.decided, pick)
        self.do(self.desk.results._commits.regenerate(entry_id, reply, request))

    @rule(chat=chats)
    def a_bot_claims_an_outbox(self, chat: str) -> None:
        """Whoever had it is late from now on."""
        self.do(self.desk.lapse(chat))
        if claimed := self.do(self.desk.scripts.run("claim_send", chat, notice="notice")):
            self.sends.append((chat, claimed[0], msgspec.json.decode(claimed[1], type=Bubble)))

    @precondition(lambda self: self.sends)
    @rule(pick=picks, end=ends)
    def a_bot_sends(self, pick: int, end: str) -> None:
        """Perhaps it never gets to write down how it went."""
        send = newest(self.sends, pick)
        self.sends.remove(send)
        chat, fence, bubble = send
        begin = self.desk.scripts.say("begin", chat, resend_safe_ms=0, halted_ms=0, **_about(fence, bubble))
        leave = self.do(begin)
        verdict = {"go": end, "hidden": "unknown", "withdrawn": "withdrawn"}.get(leave)
        if leave == "go" and end in ("sent p1", "unknown"):
            self.leaves(bubble.bubble_id, bubble.text)
        if verdict is not None:
            self.begun.append((chat, fence, bubble, verdict))

    @precondition(lambda self: self.begun)
    @rule(pick=picks)
    def a_bot_writes_down_how_it_went(self, pick: int) -> None:
        chat, fence, bubble, verdict = newest(self.begun, pick)
        about = {"after_ms": 0, "notice_tries": 3, **_about(fence, bubble)}
        self.do(self.desk.scripts.say("finish", chat, verdict=verdict, **about))

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(fails=st.booleans(), again=st.booleans())
    def a_worker_answers(self, fails: bool, again: bool) -> None:
        for entry_id, fields in cast(Any, self.do(self.client.xrange(REQUESTS, count=1))):
            request = decode_request(fields[FIELD])
            failed = ReplyFailed(request.request_id, request.chat_key, "poison")
            self.do(self.desk.publish(failed if fails else self.do(self.desk.reply(request, "one\ntwo"))))
            if not again:  # else its lease was lost after all, and another worker answers too
                self.do(self.client.xdel(REQUESTS, entry_id))


def _about(fence: int, bubble: Bubble) -> dict[str, Any]:
    return {"fence": fence, "request_id": bubble.request_id, "bubble_id": bubble.bubble_id}


@pytest.fixture
def quick_url(redis_url: str) -> Iterator[str]:
    """The same server, not waiting for its disk: nobody pulls its plug here (the chaos runs do)."""
    client = connect_blocking(redis_url)
    client.config_set("appendfsync", "no")
    yield redis_url
    client.config_set("appendfsync", "always")
    client.close()


@pytest.mark.parametrize(("machine", "examples"), [(World, 35), (Machine, 45)], ids=["awake", "dying"])
def test_the_promise_should_hold(quick_url: str, machine: type[World], examples: int) -> None:
    usual = settings(
        max_examples=examples,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # no shrinking: a failure here may depend on the clock, and minutes of replays then hide what was found first
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    run_state_machine_as_test(cast(Any, lambda: machine(quick_url)), settings=usual)
