"""SIGTERM in the middle of twenty open turns: everything is delivered or resumed after a restart, nothing twice.

Runs last of its folder: it takes the instance down. What was written on Discord meanwhile is read afterwards.
"""

import signal
from typing import cast

import pytest

from bot import keys
from tests.platforms.instance import NOTICE, REPLY_S, Instance
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_should_deliver_each_of_twenty_open_turns_once_and_read_what_it_missed(instance: Instance) -> None:
    server, discord = instance.telegram, instance.discord
    await instance.owner("autoreply auto for stranger")
    late = discord.add_user("Ylva", discord.add_guild())
    discord.writes(late, discord.dm(late), "first of all")
    await until(lambda: len(discord.said(discord.dm(late))) >= 2, REPLY_S)
    said_before = len(discord.said(discord.dm(late)))
    people = [server.person(f"Guest {n}") for n in range(20)]
    for peer in people:
        await server.contact_writes(peer, f"hello, this is {peer.first_name}, how are you?")
    rooms = [server.private(peer) for peer in people]
    await until(lambda: sum(len(server.sent(room)) for room in rooms) >= 5, REPLY_S)
    assert await instance.stop(signal.SIGTERM) == 0
    assert sum(len(server.sent(room)) >= 2 for room in rooms) < 20, "all were answered before: nothing was proven"
    discord.writes(late, discord.dm(late), "are you there again?")
    await instance.start()
    async with instance.redis() as client:
        for peer, room in zip(people, rooms, strict=True):
            request_id = f"telegram:{peer.id}:{min(room.messages)}"

            async def answered(key: str = keys.outcome(request_id)) -> bool:
                return await client.hget(key, "state") == b"answered"

            await until(answered, 2 * REPLY_S)
            ledger = cast(dict[bytes, bytes], await client.hgetall(keys.ledger(request_id)))
            assert all(state.startswith(b"sent ") for state in ledger.values()), ledger
            assert len(server.sent(room)) == len(ledger) >= 2
            assert sum(text.startswith(NOTICE) for text in server.sent(room)) == 1
    await until(lambda: len(discord.said(discord.dm(late))) > said_before, REPLY_S)
