"""The owner's private chat, kept as it should be."""

from dataclasses import dataclass, field

import pytest

from adapters.base import OutcomeHidden, Refused, RetryLater, SendFailed
from adapters.owner_port import Screen
from bot import keys
from bot.owner.cards import token_of
from bot.owner.names import People
from bot.owner.notices import notify
from bot.owner.push import OwnerPush, dead_words
from tests.bot.owner.conftest import MakeOwner, Owner, drafted, paired


@dataclass
class Phone:
    """The owner's private chat: what each message shows now. `script`: what the next calls raise (None: nothing)."""

    messages: dict[str, Screen] = field(default_factory=dict)
    readers: list[str] = field(default_factory=list)
    changes: int = 0
    script: list[Exception | None] = field(default_factory=list)

    async def show_owner(self, user_id: str, screen: Screen) -> str:
        self._stumble()
        message_id = str(len(self.messages) + 1)
        self.messages[message_id] = screen
        self.readers.append(user_id)
        return message_id

    async def change_shown(self, user_id: str, message_id: str, screen: Screen) -> None:
        self._stumble()
        self.changes += 1
        self.messages[message_id] = screen

    def _stumble(self) -> None:
        trouble = self.script.pop(0) if self.script else None
        if trouble is not None:
            raise trouble

    @property
    def texts(self) -> list[str]:
        return [screen.text for screen in self.messages.values()]


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def push(owner: Owner, phone: Phone) -> OwnerPush:
    return OwnerPush(owner.desk.office, phone, "telegram")


def again_at_once(push: OwnerPush) -> None:
    """No pause lasts."""
    push._quiet_until_s = 0.0
    push._card_again.clear()


async def test_should_show_a_draft_once_and_change_it_as_it_changes(
    owner: Owner, phone: Phone, push: OwnerPush
) -> None:
    draft = await drafted(owner)
    for _ in range(3):
        await push.step()
    assert list(phone.messages) == ["1"]
    assert phone.readers == ["7"]
    assert phone.messages["1"].rows[0][0].token == token_of("send", draft)
    await owner.presses(token_of("regenerate", draft))
    await push.step()
    assert "a new proposal is being written" in phone.messages["1"].text
    await owner.bot.answer_all("better")
    await owner.bot.collect()
    await push.step()
    assert "better" in phone.messages["1"].text
    await owner.says(f"/send {draft.no}")
    for _ in range(3):
        await push.step()
    assert phone.messages["1"].rows == ()
    assert "sent as proposed" in phone.messages["1"].text
    assert (len(phone.messages), phone.changes) == (1, 3)


async def test_should_show_a_stale_draft_as_such_and_the_next_one(owner: Owner, phone: Phone, push: OwnerPush) -> None:
    await drafted(owner, "well")
    await push.step()
    await drafted(owner, "better", text="and?")
    await push.step()
    assert [bool(screen.rows) for screen in phone.messages.values()] == [False, True]
    assert "— stale" in phone.messages["1"].text


async def test_should_go_on_where_another_process_died(owner: Owner, phone: Phone, push: OwnerPush) -> None:
    draft = await drafted(owner)
    await push.step()
    other = OwnerPush(owner.desk.office, phone, "telegram")
    await owner.says(f"/discard {draft.no}")
    await other.step()
    assert phone.changes == 0, "one process at a time"
    await owner.bot.client.delete("ss:{s0}:pusher:telegram")  # its lease is over
    await other.step()
    assert phone.changes == 1
    await push.step()
    assert "discarded" in phone.messages["1"].text
    assert (len(phone.messages), phone.changes) == (1, 1)


async def test_should_let_no_card_stop_the_others(owner: Owner, phone: Phone, push: OwnerPush) -> None:
    await drafted(owner, "one", "1")
    await drafted(owner, "two", "2")
    phone.script = [Refused("no"), None]
    await push.step()
    assert [text for text in phone.texts if "two" in text]
    assert not [text for text in phone.texts if "one" in text]
    await push.step()
    assert len(phone.messages) == 1, "not hammered"
    again_at_once(push)
    await push.step()
    assert [text for text in phone.texts if "one" in text]


@pytest.mark.parametrize(
    "trouble", [OutcomeHidden(), SendFailed("no"), TimeoutError(), ConnectionError(), ValueError("a flaw")]
)
async def test_should_wait_out_any_trouble_of_the_platform(
    owner: Owner, phone: Phone, push: OwnerPush, trouble: Exception
) -> None:
    await drafted(owner)
    phone.script = [trouble]
    await push.step()
    assert phone.messages == {}
    again_at_once(push)
    await push.step()
    assert len(phone.messages) == 1


async def test_should_have_the_patience_the_platform_asks_for(owner: Owner, phone: Phone, push: OwnerPush) -> None:
    await drafted(owner, "one", "1")
    await drafted(owner, "two", "2")
    await push.step()
    phone.messages.clear()
    await notify(owner.bot.client, "Ann asked for you.")
    phone.script = [RetryLater(60)]
    await push.step()
    await push.step()
    assert phone.messages == {}
    again_at_once(push)
    await push.step()
    assert phone.texts == ["Ann asked for you."], "nothing was lost meanwhile"


async def test_should_show_anew_what_can_never_be_changed(owner: Owner, phone: Phone, push: OwnerPush) -> None:
    draft = await drafted(owner)
    await push.step()
    await owner.presses(token_of("regenerate", draft))
    phone.script = [Refused("too old")]
    await push.step()
    assert len(phone.messages) == 2
    await owner.says(f"/discard {draft.no}")
    phone.script = [Refused("too old")]
    for _ in range(3):
        await push.step()
    assert len(phone.messages) == 2
    assert phone.script == []


async def test_should_say_that_a_draft_is_gone_when_its_contact_was_forgotten(
    owner: Owner, phone: Phone, push: OwnerPush
) -> None:
    draft = await drafted(owner, text="something private")
    await push.step()
    await owner.bot.client.delete(keys.draft(draft.no))
    await owner.bot.client.zrem(keys.DRAFTS, str(draft.no))
    await push.step()
    assert phone.texts == [f"Draft {draft.no} was deleted."]


async def test_should_tell_notices_once_and_only_to_whom_they_are_for(make_owner: MakeOwner, phone: Phone) -> None:
    owner = await paired(make_owner())
    push = OwnerPush(owner.desk.office, phone, "telegram")
    await push.step()
    assert phone.texts == [], "what was said before the first look is old"
    await notify(owner.bot.client, "for the owner")
    await notify(owner.bot.client, "for an old account", to=("telegram", "3"))
    await notify(owner.bot.client, "for somewhere else", to=("discord", "7"))
    for _ in range(2):
        await push.step()
    assert list(zip(phone.readers, phone.texts, strict=True)) == [("7", "for the owner"), ("3", "for an old account")]
    phone.script = [Refused("blocked"), None]
    await notify(owner.bot.client, "never taken")
    await notify(owner.bot.client, "the next")
    await push.step()
    assert phone.texts[2:] == ["the next"]


async def test_should_tell_what_failed_from_now_on(owner: Owner, phone: Phone, push: OwnerPush) -> None:
    await letter(owner, "test:1:0")
    await push.step()
    assert phone.texts == []
    await owner.bot.line()
    await owner.bot.turns.step()
    await letter(owner, "test:1:1")
    await letter(owner, "test:1:2", state="unknown", reason="the platform did not say")
    await push.step()
    await push.step()
    assert phone.texts == [
        "No reply in Ann (test:1): expired. The line stays unanswered; answer it yourself.\n"
        "A reply in Ann (test:1) may or may not have arrived (the platform did not say). Look at the chat."
    ]


async def letter(owner: Owner, request_id: str, state: str = "dead", reason: str = "expired") -> None:
    fields = {"request_id": request_id, "chat_key": "test:1", "state": state, "reason": reason}
    await owner.bot.client.xadd(keys.DEAD, fields)  # type: ignore[arg-type]


def test_should_count_a_flood_of_failures() -> None:
    letters = [{"chat_key": "t:1", "state": "dead", "reason": "expired"}] * 4
    assert dead_words(letters, People()) == "4 turns went wrong: expired 4.\n/status names the last ones."


async def test_should_be_quiet_without_an_owner_and_tell_him_nothing_old(make_owner: MakeOwner, phone: Phone) -> None:
    local = make_owner()
    push = OwnerPush(local.desk.office, phone, "telegram")
    await drafted(local)
    await notify(local.bot.client, "old")
    await push.step()
    assert phone.messages == {}
    await paired(local)
    await push.step()
    assert "Draft 1" in phone.texts[0]
    assert not [text for text in phone.texts if text == "old"]
