"""The owner's private chat with the bot: pairing, words, buttons, questions, menus. Everybody else: silence."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from adapters.base import OutcomeHidden, Refused
from adapters.owner_port import Button, Screen, Shown, Word
from tests.adapters.telegram_stage import Stage, adapter_of, running, staged
from tests.telegram_server.server import TelegramServer
from tests.waiting import until

CARD = Screen("Jonas: when?\n\nProposed: at nine", ((Button("Send", "d:send:1:1"), Button("Edit", "d:edit:1:1")),))
DONE = Screen("Jonas: when?\n\nsent as proposed")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with TelegramServer() as server, staged(server) as stage, running(stage):
        yield stage


async def test_a_word_of_the_owner_should_be_answered_and_never_be_a_line(stage: Stage) -> None:
    await stage.server.contact_writes(stage.mara, "/status")
    room = stage.server.private(stage.mara)
    await until(lambda: stage.server.sent(room) == ["heard: /status"])
    await stage.server.contact_writes(stage.mara, sticker={"file_id": "f", "file_unique_id": "u"})  # and a flaw
    await stage.server.contact_writes(stage.mara, caption="/panic", dice={"emoji": "🎲", "value": 3})
    await stage.settled()
    assert [word.text for word in stage.desk.words] == ["/status"]
    assert stage.inbox.taken == []


async def test_a_contact_should_be_a_contact_whatever_he_says(stage: Stage) -> None:
    eve = stage.server.person("Eve", "mara_lq")
    for said in ("/panic", "/start@selfsame_test_bot", "hello"):
        await stage.server.contact_writes(eve, said)
    await until(lambda: len(stage.inbox.lines) == 3)
    assert stage.inbox.texts == ["/panic", "/start", "hello"]
    assert stage.server.sent(stage.server.private(eve)) == []


async def test_a_wrong_code_should_be_met_with_silence_and_the_right_one_should_pair() -> None:
    async with TelegramServer() as server, staged(server, paired=False) as stage, running(stage):
        room = server.private(stage.mara)
        await server.contact_writes(stage.mara, "/pair WRONG")
        await stage.settled()
        assert (server.sent(room), stage.inbox.taken) == ([], [])
        await server.contact_writes(stage.mara, "/pair GOOD")
        await until(lambda: server.sent(room) == ["You are the owner."])


async def test_menus_should_be_scoped_and_set_only_when_they_changed() -> None:
    async with TelegramServer() as server, staged(server, paired=False) as stage:
        his, hers = server.private(stage.jonas), server.private(stage.mara)
        async with running(stage):
            await until(lambda: server.menu(his, stage.jonas) == ["start", "privacy"])
            await server.contact_writes(stage.mara, "/pair GOOD")
            await until(lambda: server.menu(hers, stage.mara) == ["autoreply", "panic"])
            await until(lambda: stage.memory.facts.get(f"menu:{server.world.bot.id}:{stage.mara.id}"))
        asked = len(server.calls_of("setMyCommands"))
        assert asked == 2
        stage.adapter = adapter_of(server, stage.desk, stage.memory)
        async with running(stage):
            await server.contact_writes(stage.mara, "/status")
            await until(lambda: "heard: /status" in server.sent(hers))
            assert len(server.calls_of("setMyCommands")) == asked
            await server.contact_writes(stage.mara, "/unpair")
            await until(lambda: server.menu(hers, stage.mara) == ["start", "privacy"])
        assert server.menu(his, stage.jonas) == ["start", "privacy"]


async def test_who_was_replaced_as_owner_should_lose_the_menu_at_the_next_start() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        async with running(stage):
            await server.contact_writes(stage.mara, "/status")
            await until(lambda: server.menu(server.private(stage.mara), stage.mara) == ["autoreply", "panic"])
        stage.desk.owners.clear()
        stage.adapter = adapter_of(server, stage.desk, stage.memory)
        async with running(stage):
            await until(lambda: server.menu(server.private(stage.mara), stage.mara) == ["start", "privacy"])


async def test_a_card_should_be_shown_and_changed_in_place(stage: Stage) -> None:
    await stage.server.contact_writes(stage.mara, "/status")
    await stage.settled()
    user_id, room = str(stage.mara.id), stage.server.private(stage.mara)
    message_id = await _patient_show(stage, user_id, CARD)
    assert stage.server.shown(room)[-1].buttons == (("Send", "d:send:1:1"), ("Edit", "d:edit:1:1"))
    stage.a_second_later()
    await stage.adapter.change_shown(user_id, message_id, DONE)
    bubble = stage.server.shown(room)[-1]
    assert (bubble.text, bubble.buttons) == (DONE.text, ())
    stage.a_second_later()
    await stage.adapter.change_shown(user_id, message_id, DONE)  # the same already: no failure
    stage.a_second_later()
    await stage.adapter.change_shown(user_id, "99999", DONE)  # gone: no failure


async def _patient_show(stage: Stage, user_id: str, screen: Screen) -> str:
    stage.a_second_later()
    return await stage.adapter.show_owner(user_id, screen)


async def test_a_screen_that_cannot_be_shown_should_say_so(stage: Stage) -> None:
    with pytest.raises(Refused):  # he never wrote to the bot
        await stage.adapter.show_owner(str(stage.mara.id), CARD)
    await stage.server.contact_writes(stage.mara, "/status")
    await stage.settled()
    stage.server.cut_after("sendMessage")
    with pytest.raises(OutcomeHidden):
        await _patient_show(stage, str(stage.mara.id), CARD)


async def test_a_press_should_be_answered_at_once_and_change_the_card(stage: Stage) -> None:
    await stage.server.contact_writes(stage.mara, "/status")
    await stage.settled()
    message_id = int(await _patient_show(stage, str(stage.mara.id), CARD))
    room = stage.server.private(stage.mara)
    stage.desk.pressed = Shown(DONE, toast="Sent")
    query = await stage.server.press(room, message_id, "Send")
    await until(lambda: query.toast == "Sent")
    await until(lambda: stage.server.shown(room)[-1].text == DONE.text)
    assert [(press.user_id, press.token) for press in stage.desk.presses] == [(str(stage.mara.id), "d:send:1:1")]


async def test_a_press_of_anybody_else_should_be_met_with_silence(stage: Stage) -> None:
    await stage.server.contact_writes(stage.mara, "/status")
    await stage.settled()
    message_id = int(await _patient_show(stage, str(stage.mara.id), CARD))
    query = await stage.server.press(stage.server.private(stage.mara), message_id, "Send", by=stage.jonas)
    await stage.settled()
    assert not query.answered
    assert stage.desk.presses == []


@pytest.mark.parametrize("question", ["Your words instead 🙂", "Your words instead 🙂\n\nat nine"])
async def test_an_asked_text_should_find_back_to_its_question(stage: Stage, question: str) -> None:
    await stage.server.contact_writes(stage.mara, "/status")
    await stage.settled()
    room = stage.server.private(stage.mara)
    message_id = int(await _patient_show(stage, str(stage.mara.id), CARD))
    stage.desk.pressed = Shown(Screen(question), ask_token="d:edit:1:1", ask_prefill="at nine")
    await stage.server.press(room, message_id, "Edit")
    await until(lambda: stage.desk.questions)
    platform, asked_id, token = stage.desk.questions[0]
    assert (platform, token) == ("telegram", "d:edit:1:1")
    asked = stage.server.calls_of("sendMessage")[-1].params
    assert asked["text"] == "Your words instead 🙂\n\nat nine"
    assert asked["reply_markup"]["force_reply"]
    assert asked["entities"] == [{"type": "code", "offset": 23, "length": 7}]  # one tap copies it
    await stage.server.reply_to(stage.mara, room, int(asked_id), "at ten")
    await until(lambda: len(stage.desk.words) == 2)
    assert (stage.desk.words[-1].text, stage.desk.words[-1].answers_message_id) == ("at ten", asked_id)


async def test_a_word_should_be_acted_on_once_also_when_it_is_told_again() -> None:
    async with TelegramServer() as server, staged(server) as stage:
        message = {
            "message_id": 7,
            "date": 1795302092,
            "text": "/undo",
            "from": {"id": stage.mara.id, "is_bot": False, "first_name": "Mara"},
            "chat": {"id": stage.mara.id, "type": "private"},
        }
        for _ in range(2):  # a restart between the act and the confirmation
            stage.adapter = adapter_of(server, stage.desk, stage.memory)
            async with running(stage):
                await server.push({"update_id": 871_300_050, "message": message})
                await stage.settled()
        assert [word.text for word in stage.desk.words] == ["/undo"]


async def test_a_flaw_of_the_desk_should_be_told_to_the_owner_and_to_nobody_else(stage: Stage) -> None:
    with capture_logs() as logs:
        await stage.server.contact_writes(stage.mara, "/broken")
        await until(lambda: stage.server.sent(stage.server.private(stage.mara)))
        await stage.server.contact_writes(stage.jonas, "/broken")
        await until(lambda: stage.inbox.texts == ["/broken"])
    assert "did not work" in stage.server.sent(stage.server.private(stage.mara))[0]
    assert stage.server.sent(stage.server.private(stage.jonas)) == []
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["telegram.word_failed"]


async def test_a_very_long_screen_should_be_cut_visibly(stage: Stage) -> None:
    stage.desk.answers["/status"] = Shown(Screen("x" * 5_000))
    await stage.server.contact_writes(stage.mara, "/status")
    await until(lambda: stage.server.sent(stage.server.private(stage.mara)))
    assert stage.server.sent(stage.server.private(stage.mara))[0] == "x" * 4_095 + "…"


async def test_who_is_replaced_as_owner_should_lose_the_menu_at_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, heard = stage.server, stage.desk.word

    async def word(word: Word) -> Shown | None:
        shown = await heard(word)
        if word.text == "/pair GOOD":
            stage.desk.owners = {word.user_id}
        return shown

    monkeypatch.setattr(stage.desk, "word", word)
    await server.contact_writes(stage.mara, "/status")
    await until(lambda: server.menu(server.private(stage.mara), stage.mara) == ["autoreply", "panic"])
    await server.contact_writes(stage.jonas, "/pair GOOD")
    await until(lambda: server.menu(server.private(stage.jonas), stage.jonas) == ["autoreply", "panic"])
    await until(lambda: server.menu(server.private(stage.mara), stage.mara) == ["start", "privacy"])


async def test_menus_should_be_set_once_the_store_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.telegram_adapter._AGAIN_S", 0.01)
    async with TelegramServer() as server, staged(server) as stage:
        kept, trouble = stage.memory.get, [ConnectionError("away"), ConnectionError("away")]

        async def get(name: str) -> str | None:
            if name.startswith("menu:") and trouble:
                raise trouble.pop()
            return await kept(name)

        monkeypatch.setattr(stage.memory, "get", get)
        async with running(stage):
            await until(lambda: server.menu(server.private(stage.jonas), stage.jonas) == ["start", "privacy"])
        assert trouble == []
