"""The store is away for a moment: a word of the owner's is carried out once, and a pairing code stays the desk's."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.base import ChatRef
from adapters.owner_port import Button, Screen, Shown, Word
from tests.adapters.telegram_stage import Stage, adapter_of, running, staged
from tests.telegram_server.api_error import bad_request
from tests.telegram_server.server import TelegramServer
from tests.waiting import until


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.telegram_intake._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("adapters.telegram_screens._REMEMBER_PAUSES_S", (0.01, 0.01))
    monkeypatch.setattr("adapters.telegram_adapter._AGAIN_S", 0.01)


class Blips:
    """Makes a call fail for its next `times`, from the moment the desk has carried a word out."""

    def __init__(self, call: Callable[..., Awaitable[Any]], times: int, name: str = "") -> None:
        self.call, self.left, self.name, self.met = call, times, name, 0

    async def __call__(self, *args: Any) -> Any:
        if self.left and (not self.name or args[0].startswith(self.name)):
            self.left -= 1
            self.met += 1
            raise ConnectionError("the store is away")
        return await self.call(*args)


@contextmanager
def after_the_word(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, where: str, times: int
) -> Iterator[Callable[[], int]]:
    """From the moment a word was carried out, `desk.is_owner`, `memory.put` and so on fail; how often so far."""
    owner, _, name = where.partition(".")
    part, fact = getattr(stage, owner), ""
    if name == "put":
        fact = "words_done"
    blips = Blips(getattr(part, name), 0, fact)
    heard = stage.desk.word

    async def word(word: Word) -> Shown | None:
        shown = await heard(word)
        blips.left = times
        return shown

    monkeypatch.setattr(part, name, blips)
    monkeypatch.setattr(stage.desk, "word", word)
    yield lambda: blips.met


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("where", ["memory.put", "memory.get", "desk.is_owner", "desk.shown_as"])
async def test_a_word_should_be_carried_out_once_when_the_store_blips_after_it(
    monkeypatch: pytest.MonkeyPatch, where: str, times: int
) -> None:
    async with TelegramServer() as server, staged(server) as stage, running(stage):
        stage.desk.answers["/undo"] = Shown(ask_token="d:edit:1:1") if where == "desk.shown_as" else Shown(toast="done")
        with after_the_word(stage, monkeypatch, where, times) as met:
            await server.contact_writes(stage.mara, "/undo")
            await stage.settled()
        assert met()
        assert [word.text for word in stage.desk.words] == ["/undo"]
        assert len(server.sent(server.private(stage.mara))) == 1


async def test_a_question_should_be_remembered_once_the_store_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TelegramServer() as server, staged(server) as stage, running(stage):
        stage.desk.answers["/edit 1"] = Shown(ask_token="d:edit:1:1")
        with after_the_word(stage, monkeypatch, "desk.shown_as", 2):
            await server.contact_writes(stage.mara, "/edit 1")
            await stage.settled()
        assert [token for _, _, token in stage.desk.questions] == ["d:edit:1:1"]


async def test_a_press_should_be_carried_out_once_when_the_store_blips_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with TelegramServer() as server, staged(server) as stage, running(stage):
        await server.contact_writes(stage.mara, "/status")
        await stage.settled()
        stage.a_second_later()
        card = Screen("Proposed: at nine", ((Button("Edit", "d:edit:1:1"),),))
        number = int(await stage.adapter.show_owner(str(stage.mara.id), card))
        stage.desk.pressed = Shown(ask_token="d:edit:1:1")
        monkeypatch.setattr(stage.desk, "shown_as", Blips(stage.desk.shown_as, 9))
        query = await server.press(server.private(stage.mara), number, "Edit")
        await stage.settled()
        assert query.answered
        assert len(stage.desk.presses) == 1


async def test_a_word_should_be_let_go_only_when_it_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TelegramServer() as server, staged(server) as stage:
        async with running(stage):
            with after_the_word(stage, monkeypatch, "memory.put", 4):
                await server.contact_writes(stage.mara, "/undo")
                await stage.settled()
        [update] = stage.memory.facts["words_done"].split()
        stage.adapter = adapter_of(server, stage.desk, stage.memory)
        async with running(stage):
            message = {
                "message_id": 1,
                "date": 1795302092,
                "text": "/undo",
                "from": {"id": stage.mara.id, "is_bot": False, "first_name": "Mara"},
                "chat": {"id": stage.mara.id, "type": "private"},
            }
            await server.push({"update_id": int(update), "message": message})
            await stage.settled()
        assert [word.text for word in stage.desk.words] == ["/undo"]


@pytest.mark.parametrize("call", ["is_owner", "word"])
async def test_a_code_that_meets_a_blip_should_pair_and_never_be_a_contacts_line(
    monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    async with TelegramServer() as server, staged(server, paired=False) as stage, running(stage):
        blips = Blips(getattr(stage.desk, call), 2)
        monkeypatch.setattr(stage.desk, call, blips)
        await server.contact_writes(stage.mara, "/pair GOOD")
        await until(lambda: server.sent(server.private(stage.mara)) == ["You are the owner."])
        await stage.settled()
        assert blips.met == 2
        assert stage.inbox.taken == []
        assert stage.desk.owners == {str(stage.mara.id)}


async def test_a_code_should_be_nobodys_line_however_it_is_sent() -> None:
    async with TelegramServer() as server, staged(server, paired=False) as stage, running(stage):
        group = server.group("Rowing")
        for said in ("/pair GOOD1", " /PAIR\nGOOD1", "/pair@selfsame_test_bot GOOD1"):
            forwarded = {"type": "user", "date": 1795302000, "sender_user": {**_as_user(stage), "id": 5}}
            await server.contact_writes(stage.mara, said, forward_origin=forwarded)
            await server.contact_writes(stage.mara, caption=said, photo=[])
            number = await server.contact_writes(stage.mara, said)
            await server.edit(server.private(stage.mara), number, said + "2")
            await server.contact_writes(stage.mara, f"@selfsame_test_bot {said}", room=group)
        await server.contact_writes(stage.mara, "/start pair GOOD1")
        await stage.settled()
        assert stage.inbox.texts == ["/start pair GOOD1"]
        assert stage.inbox.edits == []


def _as_user(stage: Stage) -> dict[str, Any]:
    return {"is_bot": False, "first_name": stage.mara.first_name}


async def test_rights_that_changed_while_he_was_unpaired_should_be_known_once_he_is_paired_again() -> None:
    async with TelegramServer() as server, staged(server) as stage, running(stage):
        his = ChatRef("telegram", "b5")
        connection = await server.connect_business(stage.mara)
        await until(lambda: stage.adapter.refusal(his) is None)
        stage.desk.owners.clear()
        await server.disconnect(connection)
        await stage.settled()
        await server.contact_writes(stage.mara, "/pair GOOD")
        await until(lambda: stage.adapter.refusal(his) == _OFF)


async def test_a_connection_made_before_pairing_should_be_served_from_then_on() -> None:
    async with TelegramServer() as server, staged(server, paired=False) as stage, running(stage):
        await server.connect_business(stage.mara)
        await stage.settled()
        await server.contact_writes(stage.mara, "/pair GOOD")
        await until(lambda: stage.adapter.refusal(ChatRef("telegram", "b5")) is None)


async def test_a_connection_that_is_gone_should_not_hold_the_other_chats() -> None:
    async with TelegramServer() as server, staged(server, paired=False) as stage, running(stage):
        connection = await server.connect_business(stage.mara)
        room = server.business(connection, stage.jonas)
        await stage.settled()
        stage.desk.owners.add(str(stage.mara.id))  # paired elsewhere, as far as the adapter knows
        server.refuse("getBusinessConnection", bad_request("business connection not found"), times=1_000)
        await server.contact_writes(stage.jonas, "over it", room=room)
        await server.contact_writes(stage.jonas, "to the bot")
        await stage.settled()
        assert stage.inbox.texts == ["to the bot"]


_OFF = "the Business connection is switched off: connect the bot in Telegram: Settings → Chat Automation"
