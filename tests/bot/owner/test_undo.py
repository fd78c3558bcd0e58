"""Which reply `/undo` takes back when no chat is named; on real Redis."""

from typing import Any

import pytest

from adapters.base import ChatRef
from tests.bot.desk import Recorder
from tests.bot.owner.conftest import MakeOwner, Owner, drafted


class Taken(Recorder):
    """A platform that can delete what it has sent."""

    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[str] = []

    async def unsend(self, chat: ChatRef, platform_message_ids: tuple[str, ...]) -> None:
        self.deleted += platform_message_ids


@pytest.fixture
def platform() -> Taken:
    return Taken()


@pytest.fixture
def local(make_owner: MakeOwner, platform: Taken, monkeypatch: pytest.MonkeyPatch) -> Owner:
    owner = make_owner(autoreply="auto")
    owner.bot.adapter = platform
    monkeypatch.setattr(owner.bot.courier, "_adapter", platform)
    return owner


async def replied(owner: Owner, chat: str, text: str = "well", **more: Any) -> None:
    await owner.bot.line(chat, **more)
    await owner.bot.turns.step()
    await owner.bot.answer_all(text)
    await owner.bot.collect()


async def test_should_take_back_the_reply_on_its_way_and_not_an_older_one(local: Owner, platform: Taken) -> None:
    await replied(local, "2", sender_id="bo", sender_name="Bo")
    await local.bot.deliver("test:2")
    await replied(local, "1", "one\ntwo")
    await local.bot.courier.send_next("test:1")
    await local.bot.lapse()
    await local.bot.courier.send_next("test:1")
    assert platform.texts[-1] == "one"
    before = len(platform.sent)
    assert "The last reply in Ann (test:1) is deleted" in await local.says("/undo")
    assert platform.deleted == [f"p{before}"]
    await local.bot.lapse()
    await local.bot.deliver()
    assert platform.texts[-1] == "one"
    assert "Nothing of mine is left to take back in Ann" in await local.is_refused("/undo")
    assert platform.deleted == [f"p{before}"], "Bo's stays"


async def test_should_take_back_an_approved_draft_before_it_leaves(make_owner: MakeOwner) -> None:
    owner = make_owner()
    draft = await drafted(owner)
    await owner.says(f"/send {draft.no}")
    assert "The last reply in Ann (test:1) is deleted" in await owner.says("/undo")
    await owner.bot.deliver()
    assert owner.bot.adapter.texts == []
    assert await owner.bot.corrections() == [], "what he took back again is no example"
    assert "did not leave" in await owner.is_refused("/undo"), "an older one is not taken for it"


async def test_should_take_no_discarded_draft_and_no_fixed_text_for_a_reply(make_owner: MakeOwner) -> None:
    owner = make_owner()
    draft = await drafted(owner)
    await owner.says(f"/discard {draft.no}")
    assert "No reply was sent lately" in await owner.is_refused("/undo")
