"""The end of a scenario: each line stands in one place, none waits for ever, and the owner heard of every failure."""

from typing import Any, cast

import msgspec

from bot import keys
from bot.accept import Mail
from bot.outcomes import ENDED
from tests.bot.silence_house import House
from tests.bot.silence_judge import SECRET, TYPES


class Silence(House):
    """A house whose work can be brought to its end."""

    async def everything_ends(self) -> None:
        """First as the owner left it, then with his leave: each line in one place, each failure with the owner."""
        await self._settles()
        await self._check_lines()
        if self.judge.halted or self.judge.paused:
            await self.commands("resume", "")
            await self._settles()
            await self._check_lines()
        outcomes = await self._outcomes()
        assert {state for state, _ in outcomes.values()} <= set(ENDED)
        for chat in TYPES:
            assert not await self.client.llen(keys.of_chat(f"test:{chat}").outbox)
            waiting = await self.client.llen(keys.of_chat(f"test:{chat}").mailbox)
            assert not waiting or self.judge.mode(chat) == "wait", "a line waits for nothing"
        await self._check_owner({one: state for one, (state, _) in outcomes.items() if state in ("dead", "unknown")})

    async def _settles(self) -> None:
        for i in range(8):
            for chat in TYPES:
                await self._lapse(chat)
                of = keys.of_chat(f"test:{chat}")
                if i == 5 and await self.client.hexists(of.chat, "request_id"):
                    await self.client.hset(of.chat, "deadline_ms", "1")  # no answer will come
            await self.looks()
            await self.model_answers("good")
            await self.results_are_read()
            for chat in TYPES:
                await self.delivers(chat)

    async def _check_lines(self) -> None:
        places = [f"test:{one}" for _, lines in (await self._outcomes()).values() for one in lines]
        for chat in TYPES:
            for entry in cast(list[bytes], await self.client.lrange(keys.of_chat(f"test:{chat}").mailbox, 0, -1)):
                mail = msgspec.json.decode(entry.partition(b" ")[2], type=Mail)
                places.append(f"test:{chat}:{mail.line.line_id}")
        assert sorted(places) == sorted(self.accepted), "each line stands in one place"

    async def _check_owner(self, failed: dict[str, str]) -> None:
        found = cast(Any, await self.client.xrange(keys.DEAD))
        letters = [{name.decode(): value.decode() for name, value in one.items()} for _, one in found]
        told = {(letter["request_id"], letter["state"]) for letter in letters}
        assert told >= set(failed.items()), "the owner hears of every failure"
        reasons = [letter["reason"] for letter in letters]
        assert sum(reason == "unreadable result" for reason in reasons) == self.buried
        assert self.forgot or sum(reason.startswith("flaw") for reason in reasons) == self.failed_in_turns
        assert [reason for reason in reasons if SECRET in reason and "CUDA" not in reason] == []
        await self.push.step()
        cursor = cast(bytes, await self.client.hget("ss:{s0}:told:test", "dead"))
        assert not await self.client.xrange(keys.DEAD, min=f"({cursor.decode()}")
        signs = ("went wrong", "No reply in", "may or may not have arrived")
        assert not failed or any(sign in text for text in self.edge.owner_saw for sign in signs)

    async def _outcomes(self) -> dict[str, tuple[str, list[str]]]:
        outcomes = {}
        for key in cast(list[bytes], await self.client.keys(keys.OUTCOME_PREFIX + "*")):
            chat, state, lines = cast(list[bytes], await self.client.hmget(key, ["chat_key", "state", "lines"]))
            ids = [f"{chat.decode().removeprefix('test:')}:{one}" for one in msgspec.json.decode(lines, type=list[str])]
            outcomes[key.decode().removeprefix(keys.OUTCOME_PREFIX)] = state.decode(), ids
        return outcomes
