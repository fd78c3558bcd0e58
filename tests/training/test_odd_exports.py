"""What is odd about one export should do no harm: to the others, to what is there, and to what comes later."""

import errno
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model_server.home import Home
from training.corpus import read_conversations
from training.importers.base import ChatHead, RawLine
from training.importing import ImportOptions, import_everything
from training.raw.store import RawStore

from .exports import full, talk, write
from .raw_homes import fill, new_home
from .raw_homes import talk as spoken

OPTIONS = ImportOptions.of({"owner": {"timezone": "Europe/Amsterdam"}})
YES = replace(OPTIONS, accept_guesses=True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write(tmp_path / "result.json", full(talk(1, 6, name="Mum"), talk(2, 4, name="Bram")))


def everything(home: Home) -> list[tuple[str, str]]:
    return [(chat.chat.key, line.text) for chat in read_conversations(home) for line in chat.lines]


@pytest.mark.parametrize(
    ("opened_before", "fails_at"),
    [
        pytest.param(0, 0, id="its beginning"),
        pytest.param(1, 1 << 17, id="its digest"),
        pytest.param(2, 1 << 17, id="its messages"),
    ],
)
def test_a_file_whose_disk_fails_should_leave_the_others(
    home: Home, export: Path, monkeypatch: pytest.MonkeyPatch, opened_before: int, fails_at: int
) -> None:
    bad = write(export.parent / "bad.json", full(talk(3, 2_000, name="Noor")))
    whole = bad.read_bytes()
    opened = Path.open
    tried = 0

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= fails_at:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    def failing(path: Path, *more: Any, **most: Any) -> Any:
        nonlocal tried
        if path.name != "bad.json":
            return opened(path, *more, **most)
        tried += 1
        return Failing(whole) if tried > opened_before else opened(path, *more, **most)

    monkeypatch.setattr(Path, "open", failing)
    report = import_everything([bad, export], home, OPTIONS)
    assert [file.what for file in report.failed] == [f"{bad}: Input/output error"]
    assert "copy it once more" in report.failed[0].hint
    assert {key for key, _ in everything(home)} == {"telegram:user1", "telegram:user2"}


def test_a_file_with_a_name_that_is_no_utf8_should_be_imported(home: Home, export: Path, tmp_path: Path) -> None:
    named = Path(os.fsdecode(os.fsencode(tmp_path) + b"/re\xffsult.json"))
    export.rename(named)
    named_format = replace(OPTIONS, read=replace(OPTIONS.read, format="telegram-desktop"))
    (file,) = import_everything([named], home, named_format).files
    assert (file.name, file.state, len(everything(home))) == (f"{tmp_path}/re\ufffdsult.json", "read", 10)


def test_an_instant_of_which_no_calendar_tells_should_be_set_aside(home: Home, export: Path, tmp_path: Path) -> None:
    """It is stored by no import, so that every later one, and the picture of the corpus, go on."""

    def said(number: int, author: str, at: str) -> dict[str, Any]:
        person = {"id": author, "name": f"name {author}", "isBot": False}
        return {"id": str(number), "type": "Default", "timestamp": at, "content": "hi", "author": person}

    channel = {"id": "7", "type": "DirectTextChat", "name": "name 8"}
    messages = [said(1, "8", "2024-07-03T11:46:40+00:00"), said(2, "9", "2024-07-03T11:47:40+00:00")]
    messages.append(said(3, "8", "9999-12-31T23:00:00-11:00"))
    discord = {"guild": {"id": "0"}, "channel": channel, "dateRange": {}, "messages": messages}
    report = import_everything([write(tmp_path / "discord.json", discord)], home, YES)
    assert (report.lines, dict(report.set_aside)) == (2, {"undated": 1})
    assert import_everything([export], home, YES).failed == []
    assert len(everything(home)) == 12


def test_a_chat_and_a_group_of_one_name_should_stay_two(home: Home, tmp_path: Path) -> None:
    group = "13/02/2023, 10:00 - You created group “Bo”\n" + "".join(
        f"13/02/2023, 10:1{at} - {name}: hi {at}\n" for at, name in enumerate(("Ann", "Cy", "Me", "Bo"))
    )
    alone = "13/02/2023, 11:00 - Bo: hi\n13/02/2023, 11:01 - Me: hello\n"
    line = "[LINE] Chat history in Bo\n2024/01/05(金)\n10:10\tAnn\thi\n10:11\tCy\thi\n10:12\tMe\thi\n"
    alone_line = "[LINE] Chat history with Bo\n2024/01/05(金)\n10:10\tBo\thi\n10:11\tMe\thello\n"
    for folder, name, text in (
        ("group", "WhatsApp Chat with Bo.txt", group),
        ("alone", "WhatsApp Chat with Bo.txt", alone),
        ("group", "[LINE] group.txt", line),
        ("alone", "[LINE] alone.txt", alone_line),
    ):
        (tmp_path / "all" / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / folder / name).write_text(text, "utf-8")
    import_everything([tmp_path / "all"], home, replace(YES, me=("Me",)))
    with RawStore.open(home) as store:
        assert [(chat.key, chat.kind, chat.name) for chat in store.chats()] == [
            ("line:Bo", "personal", "Bo"),
            ("line:group:Bo", "group", "Bo"),
            ("whatsapp:Bo", "personal", "Bo"),
            ("whatsapp:group:Bo", "group", "Bo"),
        ]


def test_what_was_a_chat_should_never_become_a_group(home: Home) -> None:
    fill(home, spoken("wechat:ann", "Ann", "hi"), "a")
    fill(home, [ChatHead("wechat:ann", "group", "Annes"), RawLine("9", "wechat:ben", "hi", 9)], "b")
    with RawStore.open(home) as store:
        assert [(chat.key, chat.kind) for chat in store.chats()] == [("wechat:ann", "personal")]
