"""`selfsame owner WORDS...`, from a shell through the socket to the desk."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from adapters.local_contract import NoAnswer, NotRunning
from adapters.owner_port import Card
from adapters.terminal_adapter import TerminalAdapter
from adapters.terminal_client import say_as_owner
from bot import cli
from bot.owner.cards import card_of
from bot.owner.owner_cli import said
from tests.adapters.echo_bot import SEATS, EchoBot, running
from tests.bot.owner.conftest import MakeOwner, Owner, drafted

ROOT = Path(__file__).parents[3]
SELFSAME = "from bot.cli import main; main()"


@pytest.fixture
def local(make_owner: MakeOwner) -> Owner:
    return make_owner()


@pytest.fixture
async def socket(local: Owner) -> AsyncIterator[Path]:
    """The socket of a bot with this desk."""
    home = local.desk.office.home.create()
    bot = EchoBot()
    adapter = TerminalAdapter(home.terminal_socket, "Tilda", SEATS, bot.history, local.desk)
    adapter.bind()
    async with running(adapter, bot):
        yield home.terminal_socket


async def selfsame(home: Path, *words: str) -> tuple[int, str, str]:
    """The program, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SELFSAME, "--home", str(home), "owner", *words),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_should_say_the_owners_words_from_a_shell(local: Owner, socket: Path, tmp_path: Path) -> None:
    await drafted(local, "on my way", text="where are you?")
    code, out, _ = await selfsame(tmp_path, "drafts", "--json")
    heard = json.loads(out)
    assert (code, heard["ok"]) == (0, True)
    assert "on my way" in heard["text"]
    assert heard["cards"][0]["card_id"] == "draft-1"
    assert [button["label"] for button in heard["cards"][0]["screen"]["rows"][0]] == ["Send", "Edit", "Discard"]
    code, out, err = await selfsame(tmp_path, "autoreply", "draft", "for", "2h")
    assert (code, err) == (0, "")
    assert "Draft everywhere until" in out
    code, out, err = await selfsame(tmp_path, "autorply", "draft")
    assert (code, out) == (1, "")
    assert "Did you mean /autoreply?" in err


async def test_should_answer_however_much_waits(
    local: Owner, socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is one line of at most 1 MiB; the cards of all drafts would be longer."""
    draft = msgspec.structs.replace(await drafted(local), text="well " * 400)

    async def many() -> tuple[Card, ...]:
        return tuple(card_of(msgspec.structs.replace(draft, no=no), 0, ZoneInfo("UTC")) for no in range(1, 1_201))

    monkeypatch.setattr(local.desk, "board", many)
    assert (await say_as_owner(socket, "status")).cards == ()
    code, out, _ = await selfsame(tmp_path, "drafts", "--json")
    heard = json.loads(out)
    assert (code, heard["more"]) == (0, 1_180)
    assert [card["card_id"] for card in heard["cards"]] == [f"draft-{no}" for no in range(1_181, 1_201)]
    _, out, _ = await selfsame(tmp_path, "status", "--json")
    assert json.loads(out)["cards"] == []


async def test_should_take_any_bytes_of_a_shell(local: Owner, socket: Path, tmp_path: Path) -> None:
    draft = await drafted(local)
    code, out, err = await selfsame(tmp_path, "edit", str(draft.no), "caf\udcff")
    assert (code, out, err) == (0, "On its way to Ann: caf?\n", "")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["autoreply", "auto", "for", "Bread for Life"], 'autoreply auto for "Bread for Life"'),
        (["autoreply auto for ann"], "autoreply auto for ann"),
        (["edit", "1", "on my way"], "edit 1 on my way"),
        (["/edit", "1", "on my", "way"], "/edit 1 on my way"),
        (["contact", "name", "ann", "to", 'Ann "A" Berg'], 'contact name ann to Ann "A" Berg'),
        (["discard", "1"], "discard 1"),
    ],
)
def test_should_keep_together_what_the_shell_kept_together(words: list[str], text: str) -> None:
    assert said(words) == text


async def test_should_print_the_numbers_that_the_next_word_needs(
    local: Owner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = await drafted(local)
    monkeypatch.setattr(cli, "_with_redis", lambda _act: [draft])
    capsys.readouterr()
    cli.drafts()
    shown = capsys.readouterr().out
    assert shown == "1  test:1 (stranger Ann): well\n→ selfsame owner send N, edit N TEXT or discard N\n"


async def test_should_hand_out_a_code_for_a_chat_app(local: Owner, socket: Path) -> None:
    heard = await say_as_owner(socket, "pair")
    assert heard.ok
    assert "send the bot in a private chat: /pair" in heard.text
    heard = await say_as_owner(socket, 'edit 1 it\'s "fine"')
    assert (heard.ok, heard.text.splitlines()[0]) == (False, "There is no draft 1.")


async def test_should_say_what_to_do_when_no_bot_runs(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match=r"no bot listens.*start it"):
        await say_as_owner(tmp_path / "terminal.sock", "status")


async def test_should_say_that_a_bot_without_a_desk_has_none(tmp_path: Path) -> None:
    bot = EchoBot()
    adapter = TerminalAdapter(tmp_path / "s", "Tilda", SEATS, bot.history)
    adapter.bind()
    async with running(adapter, bot):
        heard = await say_as_owner(tmp_path / "s", "status")
        assert (heard.ok, heard.text) == (False, "this bot has no desk")


async def test_should_not_wait_forever(local: Owner, socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(local.desk, "word", never)
    with pytest.raises(NoAnswer, match=r"no answer within 0\.05 s"):
        await say_as_owner(socket, "status", timeout_s=0.05)
