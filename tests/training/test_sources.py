"""Sources should be found in the order of their names, and an archive made to do harm should be refused unread."""

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from model_server.errors import CorpusError
from training.importers import archives
from training.importers.not_read import next_step
from training.importers.source import Source, take_sample
from training.importers.sources import Found, find_sources


def pack(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def names(found: Found, root: Path) -> list[str]:
    return [os.path.relpath(source.name, root) for source in found.sources]


def content(source: Source) -> bytes:
    with source.open() as stream:
        return stream.read()


def refusal(found: Found) -> str:
    ((_, error),) = found.refused
    return str(error)


def test_should_find_files_folders_and_members_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.txt", "b/1.txt", "a.json", ".hidden", "b/.git/config", "c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    pack(tmp_path / "z.zip", ("deep/2.csv", b"two"), ("1.csv", b"one"), ("x.mp4", b""), ("y.zip", b""), (".h", b""))
    found = find_sources([tmp_path])
    assert names(found, tmp_path) == ["a.json", "b/1.txt", "b/2.txt", "z.zip/1.csv", "z.zip/deep/2.csv"]
    assert [reason for _, reason in found.unread] == ["media_file", "media_file", "nested_archive"]
    assert [content(source) for source in found.sources[2:]] == [b"b/2.txt", b"one", b"two"]
    assert [source.size for source in found.sources[2:]] == [7, 3, 3]


def test_should_say_what_was_named_and_is_not_there(tmp_path: Path) -> None:
    found = find_sources([tmp_path / "nowhere.json"])
    assert "nowhere.json: No such file or directory → name a file" in refusal(found)


def test_a_folder_that_may_not_be_read_should_leave_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b.txt").write_text("b")
    listed = Path.iterdir

    def guarded(folder: Path) -> Iterator[Path]:  # root, who runs tests in containers, may read everything
        if folder.name == "a":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", guarded)
    found = find_sources([tmp_path])
    assert names(found, tmp_path) == ["b.txt"]
    assert "a: Permission denied" in refusal(found)


def test_a_name_that_is_no_utf8_should_be_shown_without_its_bytes(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    for name in (b"re\xffsult.json", b"pi\xffc.jpg"):
        Path(os.fsdecode(folder + b"/" + name)).write_text("{}")
    pack(Path(os.fsdecode(folder + b"/z\xff.zip")), ("a.txt", b"a"))
    Path(os.fsdecode(folder + b"/bad\xff.zip")).write_bytes(b"no archive")
    found = find_sources([tmp_path])
    assert names(found, tmp_path) == ["re\ufffdsult.json", "z\ufffd.zip/a.txt"]
    assert [content(source) for source in found.sources] == [b"{}", b"a"]
    assert found.unread == [(f"{tmp_path}/pi\ufffdc.jpg", "media_file")]
    assert "bad\ufffd.zip is no readable zip archive" in refusal(found)


def test_should_follow_no_link_out_of_what_was_named(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "chat.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "real.txt").write_text("real")
    found = find_sources([folder])
    assert names(found, folder) == ["real.txt"]
    assert [reason for _, reason in found.unread] == ["link", "link"]
    assert found.sources[0].sibling("../secret.txt") is None
    assert found.sources[0].sibling("chat.txt") is None


def test_siblings_should_be_found_in_folders_and_archives(tmp_path: Path) -> None:
    (tmp_path / "package/messages").mkdir(parents=True)
    (tmp_path / "package/account.json").write_text("me")
    (tmp_path / "package/messages/1.json").write_text("one")
    pack(tmp_path / "package.zip", ("account.json", b"me"), ("messages/1.json", b"one"))
    for root in (tmp_path / "package", tmp_path / "package.zip"):
        account, message = find_sources([root]).sources
        found = message.sibling("../account.json")
        assert found is not None
        assert (content(found), found.name) == (b"me", account.name)
        assert message.sibling("../../package.zip") is None
        assert message.sibling("2.json") is None


@pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "/etc/passwd", "C:evil.txt", "..\\evil.txt"])
def test_should_refuse_an_archive_with_a_name_that_leads_out_of_it(tmp_path: Path, name: str) -> None:
    found = find_sources([pack(tmp_path / "x.zip", ("good.txt", b"good"), (name, b"evil"))])
    assert found.sources == []
    assert "the member" in refusal(found)


def test_should_refuse_a_zip_bomb(tmp_path: Path) -> None:
    big = io.BytesIO()
    with zipfile.ZipFile(big, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.txt", "w") as member:
        for _ in range(65):
            member.write(bytes(1 << 20))
    (tmp_path / "x.zip").write_bytes(big.getvalue())
    assert "as a zip bomb does" in refusal(find_sources([tmp_path / "x.zip"]))


def test_should_refuse_members_that_share_their_bytes(tmp_path: Path) -> None:
    """Fifield's bomb: many entries of the directory over one packed member."""
    path = pack(tmp_path / "x.zip", ("one.txt", os.urandom(5_000)))
    raw = path.read_bytes()
    at = raw.rindex(b"PK\x01\x02")
    end = raw.rindex(b"PK\x05\x06")
    entry = raw[at:end]
    tail = raw[end : end + 8] + struct.pack("<HHLL", 9, 9, 9 * len(entry), at) + b"\0\0"
    path.write_bytes(raw[:at] + entry * 9 + tail)
    assert "overlap" in refusal(find_sources([path]))


def test_should_refuse_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    path = pack(tmp_path / "x.zip", *((f"{number}.txt", b"") for number in range(4)))
    assert "it has 4 members, more than 3" in refusal(find_sources([path]))


def test_should_refuse_a_list_of_members_that_would_fill_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_DIRECTORY_BYTES", 1_000)
    path = pack(tmp_path / "x.zip", *((f"{number:0100}.txt", b"") for number in range(20)))
    assert "its list of members is too long" in refusal(find_sources([path]))


def test_should_refuse_what_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", 10)
    assert "unpacks to more than" in refusal(find_sources([pack(tmp_path / "x.zip", ("1.txt", b"eleven byte"))]))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_should_refuse_ways_of_packing_that_may_ask_for_any_memory(tmp_path: Path, method: int) -> None:
    found = find_sources([pack(tmp_path / "x.zip", ("1.txt", b"one"), method=method)])
    assert "packed in a way that is not read here" in refusal(found)


def test_should_refuse_an_encrypted_archive(tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", ("1.txt", b"one"))
    raw = bytearray(path.read_bytes())
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    assert "it is encrypted" in refusal(find_sources([path]))


@pytest.mark.parametrize(("claimed", "complaint"), [(50, "Bad CRC-32"), (500_000, None)])
def test_a_member_should_give_no_more_than_it_claims(tmp_path: Path, claimed: int, complaint: str | None) -> None:
    """The claim is what was checked; a smaller size that is a lie is found out at its end."""
    path = pack(tmp_path / "x.zip", ("1.txt", bytes(100_000)))
    raw = bytearray(path.read_bytes())
    struct.pack_into("<L", raw, raw.rindex(b"PK\x01\x02") + 24, claimed)
    path.write_bytes(raw)
    (source,) = find_sources([path]).sources
    if complaint is None:
        assert len(content(source)) == 100_000
        return
    with pytest.raises(CorpusError, match=rf"x\.zip/1\.txt is damaged: {complaint}"):
        content(source)


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04 and nothing more", bytes(range(256))])
def test_should_refuse_what_is_no_archive(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(raw)
    assert "is no readable zip archive" in refusal(find_sources([tmp_path / "x.zip"]))


def test_many_archives_should_not_hold_their_files_open(tmp_path: Path) -> None:
    for number in range(30):
        pack(tmp_path / f"{number}.zip", ("1.txt", b"one"))
    before = len(psutil.Process().open_files())
    assert [content(source) for source in find_sources([tmp_path]).sources] == [b"one"] * 30
    assert len(psutil.Process().open_files()) <= before + 1


@pytest.mark.parametrize(
    ("name", "encoding"), [("与妈妈的聊天.txt", "gbk"), ("妈妈.txt", "utf-8"), ("Lénaïc.txt", "cp437")]
)
def test_names_in_an_archive_should_be_read_as_they_were_written(tmp_path: Path, name: str, encoding: str) -> None:
    """By a Chinese Windows, by a Mac, and by an old DOS, none of which says so."""
    path = pack(tmp_path / "x.zip", ("?" * len(name.encode(encoding)), b"hi"))
    path.write_bytes(path.read_bytes().replace(b"?" * len(name.encode(encoding)), name.encode(encoding)))
    (source,) = find_sources([path]).sources
    assert (source.name, content(source)) == (f"{path}/{name}", b"hi")


def test_the_home_should_be_left_out_of_what_is_named_around_it(tmp_path: Path) -> None:
    for name in ("home/corpus/report.html", "a.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = find_sources([tmp_path], tmp_path / "home")
    assert names(found, tmp_path) == ["a.txt"]
    assert [reason for _, reason in found.unread] == ["own_home"]


@pytest.mark.parametrize(
    ("name", "start", "advice"),
    [
        ("messages.html", '<div class="page_wrap">', "machine-readable JSON"),
        ("a.html", '<div class="chatlog__message">', "DiscordChatExporter, format JSON"),
        ("a.7z", "7z", "unpack it"),
        ("msgstore.db.crypt15", "", "encrypted backup"),
        ("a.bin", "", "selfsame corpus formats"),
    ],
)
def test_a_file_that_is_not_read_should_come_with_what_to_do(name: str, start: str, advice: str) -> None:
    assert advice in next_step(take_sample(name, start.encode()))
