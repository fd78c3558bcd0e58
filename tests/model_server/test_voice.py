"""The voice should route by contact type: another card, another blend; and fail as data."""

import time
from dataclasses import replace

import pytest

from model_server.base_model import BaseModel
from model_server.blends import BlendBook
from model_server.config import EngineConfig, OwnerConfig
from model_server.contract import Line, Reply, ReplyFailed, ReplyRequest
from model_server.engine_contract import Generated, Generation
from model_server.errors import EngineStopped
from model_server.facets import FacetBank
from model_server.voice import Voice
from tests.model_server.random_facets import random_facet

OWNER = OwnerConfig(name="Tilda", card="You are Tilda.", cards={"friend": "You write in lower case."})


class Parrot:
    """An engine at its seam: remembers what it was asked and says one sentence."""

    def __init__(self, ids: list[int], dead: bool = False) -> None:
        self.ids, self.dead = ids, dead
        self.asked: list[Generation] = []

    async def generate(self, generation: Generation, on_token: object = None) -> Generated:
        self.asked.append(generation)
        if self.dead:
            raise EngineStopped("it is not running", "start it")
        return Generated(tuple(self.ids), "stop", 1, 2, 0)


def request(contact_type: str, text: str = "hello") -> ReplyRequest:
    now = int(time.time() * 1000)
    line = Line("1", "contact", text, now)
    return ReplyRequest("web:1:1", "web:1", "web:1", "Bram", contact_type, (line,), now, now + 60_000)


@pytest.fixture
def parrot(bundled: BaseModel) -> Parrot:
    return Parrot([*bundled.tokenizer.encode("quiet sea"), bundled.tokenizer.eos_token_id])


@pytest.fixture
def voice(bundled: BaseModel, bank: FacetBank, parrot: Parrot) -> Voice:
    async def book() -> BlendBook:
        return BlendBook(types={"friend": {"core": 0.25, "friend": 0.75}})

    for seed, name in enumerate(("core", "friend")):
        bank.load(name, f"v{seed}", random_facet(bank, seed))
    return Voice(bundled.tokenizer, bank, parrot, OWNER, EngineConfig(), book)  # type: ignore[arg-type]


async def test_should_answer_a_friend_with_their_card_and_blend(
    voice: Voice, parrot: Parrot, bundled: BaseModel
) -> None:
    reply = await voice.answer(request("friend"))
    assert isinstance(reply, Reply)
    assert reply.text == "quiet sea"
    assert reply.blend == {"core": 0.25, "friend": 0.75}
    assert reply.facet_versions == {"core": "v0", "friend": "v1"}
    (asked,) = parrot.asked
    assert sorted(gain for gain in asked.gains if gain) == [0.25, 0.75]
    assert "You write in lower case. Bram writes to you." in bundled.tokenizer.decode(asked.prompt_ids)


async def test_should_report_only_the_facets_that_are_loaded(voice: Voice, parrot: Parrot) -> None:
    reply = await voice.answer(request("family"))
    assert isinstance(reply, Reply)
    assert reply.blend == {"core": 1.0}, "the facet that is missing hands its weight on"
    assert [gain for gain in parrot.asked[0].gains if gain] == [1.0]


async def test_should_leave_room_for_the_reply(voice: Voice, parrot: Parrot) -> None:
    config = voice.config
    for length in (700, 5000):
        assert isinstance(await voice.answer(request("friend", "sea " * length)), Reply)
        assert len(parrot.asked[-1].prompt_ids) + config.max_new_tokens <= config.context_tokens


async def test_should_fail_as_data_when_the_card_alone_is_too_long(voice: Voice, parrot: Parrot) -> None:
    failed = await replace(voice, owner=OwnerConfig(card="sea " * 1500)).answer(request("friend"))
    assert isinstance(failed, ReplyFailed)
    assert (failed.reason, parrot.asked) == ("too_long", [])
    assert "sea sea" not in failed.detail


async def test_should_hold_no_slot_when_the_engine_died(voice: Voice, parrot: Parrot, bank: FacetBank) -> None:
    parrot.dead = True
    with pytest.raises(EngineStopped):
        await voice.answer(request("friend"))
    bank.drop("friend")
    assert not bank.table.is_full()
    assert bank.table.used() == 1, "the dropped facet's slot is free: nobody leases it any more"
