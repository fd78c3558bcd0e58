"""An import should take whatever is there, ask what only the owner knows, and change nothing when nothing is new."""

import json
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from model_server.errors import ConfigError, CorpusError
from model_server.home import Home
from training.contacts import read_contacts, set_type, write_contacts
from training.corpus import read_articles, read_conversations
from training.cuts import Cut, write_cuts
from training.importers.base import DatesUndecided
from training.importing import ImportOptions, import_everything
from training.raw import intake
from training.raw.lock import only_one
from training.raw.reading import Progress
from training.raw.store import RawStore

from . import mixed_exports
from .exports import full, talk, write
from .raw_homes import new_home

OPTIONS = ImportOptions.of({"owner": {"timezone": "Europe/Amsterdam"}})
YES = replace(OPTIONS, accept_guesses=True)
UNDECIDED = "01/02/2023, 10:00 - Ada: hi\n01/02/2023, 10:05 - Me Myself: hello\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write(tmp_path / "result.json", full(talk(1, 6, name="Mum"), talk(2, 4, name="Bram")))


def with_dates(options: ImportOptions, **said: Any) -> ImportOptions:
    return replace(options, read=replace(options.read, **said))


def everything(home: Home) -> list[tuple[str, str, str, int]]:
    return [
        (chat.chat.key, line.author, line.text, line.at_ms) for chat in read_conversations(home) for line in chat.lines
    ]


# ── a folder with everything ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> mixed_exports.Mixed:
    return mixed_exports.build(tmp_path_factory.mktemp("mixed") / "exports", OPTIONS.read.zone, "dmy")


@pytest.fixture(scope="module")
def whole(mixed: mixed_exports.Mixed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Any]:
    home = Home(tmp_path_factory.mktemp("home")).create()
    return home, import_everything([mixed.folder], home, with_dates(YES, dates="dmy"))


def test_should_read_every_format_of_a_mixed_folder(mixed: mixed_exports.Mixed, whole: tuple[Home, Any]) -> None:
    _, report = whole
    assert report.failed == []
    assert {file.name: file.format for file in report.files} == {
        f"{mixed.folder}/{name}": form for name, form in mixed.formats.items()
    }
    lines, articles = Counter[str](), Counter[str]()
    for file in report.files:
        lines[file.format] += file.lines
        articles[file.format] += file.articles_added
    assert lines == +mixed.lines
    assert +articles == +mixed.articles
    assert report.unread["media_file"] == 1
    assert [question for question in report.questions if question.about == "dates"] == []


def test_the_counts_of_a_mixed_folder_should_add_up(whole: tuple[Home, Any]) -> None:
    home, report = whole
    assert report.lines == sum(file.lines for file in report.files) > report.added
    assert report.set_aside.total() == sum(file.set_aside.total() for file in report.files) > 0
    assert sum(one.contacts for one in report.types.values()) == len(report.contacts) == len(read_contacts(home))
    assert sum(one.replies for one in report.contacts) <= report.replies
    with RawStore.open(home) as store:
        assert [one.key for one in store.articles()] == [one.key for one in read_articles(home)] != []
        assert store.line_count() == report.added
        assert {chat.key for chat in store.chats() if chat.owner is not None} >= {
            chat.chat.key for chat in read_conversations(home)
        }


def test_nothing_private_of_a_mixed_folder_should_reach_the_corpus(whole: tuple[Home, Any]) -> None:
    home, report = whole
    raw = {**mixed_exports.PRIVATE, "glued phone": mixed_exports.GLUED_PHONE}
    assert set(report.scrubbed) >= set(mixed_exports.PRIVATE)
    assert report.dropped["chain"] == 3
    stored, learnt = (
        b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        for folder in (home.raw_dir, home.corpus_dir)
    )
    assert [kind for kind, value in raw.items() if value.encode() not in stored] == []  # it was there to be found
    assert [kind for kind, value in raw.items() if value.encode() in learnt] == []


def test_the_same_folder_again_should_change_nothing(mixed: mixed_exports.Mixed, whole: tuple[Home, Any]) -> None:
    home, first = whole
    files = {path: path.read_bytes() for path in (home.contacts_file, home.proposals_file)}
    lines = everything(home)
    again = import_everything([mixed.folder], home, with_dates(YES, dates="dmy"))
    assert (again.added, again.articles_added, again.lines) == (0, 0, first.lines)
    assert {file.state for file in again.files} == {"known"}
    assert (again.unread, again.set_aside) == (first.unread, first.set_aside)
    assert {path: path.read_bytes() for path in files} == files
    assert everything(home) == lines


# ── one file beside another ─────────────────────────────────────────────────────────────────────────────────────────


def test_should_import_the_others_when_one_is_broken(home: Home, export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "a.json").write_bytes(export.read_bytes()[:-200])
    export.rename(folder / "b.json")
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.writestr("../evil.txt", b"evil")
    report = import_everything([folder], home, OPTIONS)
    assert [(file.name.rsplit("/", 1)[1], file.state) for file in report.files] == [
        ("c.zip", "failed"),
        ("a.json", "failed"),
        ("b.json", "read"),
    ]
    assert all(file.what.startswith(file.name) and file.hint for file in report.failed)
    assert len(everything(home)) == 10


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("nowhere.json", None, r"nowhere\.json: No such file or directory"),
        ("result.json", b'{"personal_information": {"user_id": 5}, "chats": {"list": [', r"result\.json breaks off"),
        ("notes.xyz", b"no export", r"notes\.xyz is no export of a format that is known here"),
        ("photo.jpg", b"\xff\xd8\xff", "there is nothing to import under"),
    ],
)
def test_a_file_alone_should_fail_the_whole_import(
    home: Home, tmp_path: Path, name: str, content: bytes | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=complaint):
        import_everything([tmp_path / name], home, OPTIONS)
    assert everything(home) == []


def test_should_merge_a_later_export_in_the_order_of_time(home: Home, export: Path, tmp_path: Path) -> None:
    later = write(tmp_path / "later.json", full(talk(1, 8, start=4)))
    import_everything([later], home, OPTIONS)
    assert import_everything([export], home, OPTIONS).added == 3 + 4
    (chat,) = (chat for chat in read_conversations(home) if chat.chat.key == "telegram:user1")
    assert [line.line_id for line in chat.lines] == [str(number) for number in range(1, 12)]


def test_should_keep_types_that_were_set_and_fill_in_those_that_were_not(home: Home, export: Path) -> None:
    assert import_everything([export], home, OPTIONS).untyped == ["Mum", "Bram"]
    write_contacts(home, set_type(read_contacts(home), "mum", "family"))
    typed = replace(OPTIONS, types={"Mum": "colleague", "Bram": "friend"})
    report = import_everything([export], home, typed)
    assert [(contact.name, contact.type) for contact in read_contacts(home)] == [("Mum", "family"), ("Bram", "friend")]
    assert (report.types["family"].lines, report.types["family"].replies) == (3, 3)


def test_should_propose_a_type_and_never_apply_it(home: Home, export: Path) -> None:
    report = import_everything([export], home, OPTIONS)
    assert [(one.name, one.type, one.proposed) for one in report.contacts if one.name == "Mum"] == [
        ("Mum", "", "family")
    ]


def test_should_say_who_is_left_out_and_ask_no_type_for_them(home: Home, export: Path) -> None:
    import_everything([export], home, OPTIONS)
    write_cuts(home, [Cut("telegram:user1"), Cut("telegram:user2", from_ms=0)])
    cut = import_everything([export], home, OPTIONS)
    assert [(one.name, one.left_out) for one in cut.contacts] == [("Mum", True), ("Bram", False)]
    assert (cut.untyped, cut.types[""].contacts, cut.types[""].lines) == (["Bram"], 1, 2)
    home.excluded_file.write_text('{"senders": ["telegram:user2"]}')
    assert import_everything([export], home, OPTIONS).untyped == []


def test_only_one_import_should_be_at_work(home: Home, export: Path) -> None:
    with only_one(home), pytest.raises(CorpusError, match="another import is at work"):
        import_everything([export], home, OPTIONS)


# ── what only the owner knows ───────────────────────────────────────────────────────────────────────────────────────


def test_should_learn_nothing_before_it_is_known_who_is_who(home: Home, tmp_path: Path) -> None:
    export = write(tmp_path / "result.json", full(talk(1, 6, name="Mum"), owner=None))
    report = import_everything([export], home, OPTIONS)
    (question,) = report.questions
    assert (question.about, question.chats) == ("who", ("telegram:user1",))
    assert "--me" in question.hint
    assert (report.added, everything(home)) == (6, [])
    answered = import_everything([export], home, replace(OPTIONS, me=("Me",)))
    assert (answered.questions, answered.added, len(everything(home))) == ([], 0, 6)
    later = write(tmp_path / "later.json", full(talk(1, 8, start=4), owner=None))
    assert import_everything([later], home, OPTIONS).questions == []  # who he is was remembered


def test_should_take_a_guess_when_it_may_and_ask_where_it_can(home: Home, tmp_path: Path) -> None:
    export = write(tmp_path / "result.json", full(talk(1, 6, name="Mum"), owner=None))
    asked = []

    def ask(question: Any) -> str | None:
        asked.append(question)
        return str(question.candidates[0].id)

    report = import_everything([export], home, replace(OPTIONS, ask_who=ask))
    assert (len(asked), report.questions, len(everything(home))) == (1, [], 6)
    other = Home(tmp_path / "other").create()
    assert import_everything([export], other, YES).questions == []
    assert everything(other) == everything(home)


@pytest.fixture
def undecided(tmp_path: Path) -> Path:
    path = tmp_path / "WhatsApp Chat with Ada.txt"
    path.write_text(UNDECIDED)
    return path


def days(home: Home) -> list[int]:
    """Hours since February 1st, 2023, in Amsterdam."""
    return sorted((at_ms - 1_675_206_000_000) // 3_600_000 for _, _, _, at_ms in everything(home))


def test_should_ask_for_the_order_of_dates_and_go_on_without(home: Home, undecided: Path, export: Path) -> None:
    report = import_everything([undecided, export], home, YES)
    (question,) = report.questions
    assert (question.about, question.sources) == ("dates", (str(undecided),))
    assert [file.state for file in report.files] == ["asks", "read"]
    assert {key for key, *_ in everything(home)} == {"telegram:user1", "telegram:user2"}


def test_a_question_of_dates_should_say_what_other_files_tell(home: Home, undecided: Path, tmp_path: Path) -> None:
    other = tmp_path / "WhatsApp Chat with Bo.txt"
    other.write_text("13/02/2023, 10:10 - Bo: hi\n", "utf-8")
    report = import_everything([undecided, other], home, YES)
    (question,) = (one for one in report.questions if one.about == "dates")
    assert question.what.endswith("; of the other files of this kind 1 writes day/month")


def test_an_archive_of_archives_should_come_with_what_to_do(home: Home, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("WhatsApp Chat - Bo.zip", b"")
    with pytest.raises(CorpusError, match=r"1 nested archive → unpack it, and import the folder"):
        import_everything([tmp_path / "all.zip"], home, YES)


def test_should_not_import_its_own_home(tmp_path: Path, export: Path) -> None:
    folder = tmp_path / "all"
    (folder / "home").mkdir(parents=True)
    (folder / "result.json").write_bytes(export.read_bytes())
    home = Home(folder / "home")
    import_everything([folder], home, YES)
    (home.path / "article.html").write_text("<html><p>not an article</p></html>", "utf-8")
    again = import_everything([folder], home, YES)
    assert ([file.name for file in again.files], again.unread["own_home"]) == ([str(folder / "result.json")], 1)


def test_should_take_the_order_of_dates_from_the_owner(home: Home, undecided: Path) -> None:
    asked: list[DatesUndecided] = []

    def ask(error: DatesUndecided) -> Any:
        asked.append(error)
        return "dmy"

    assert import_everything([undecided], home, with_dates(YES, ask_dates=ask)).questions == []
    assert (len(asked), days(home)) == (1, [10, 10])
    assert import_everything([undecided], home, YES).questions == []  # it is known now


def test_should_read_a_file_anew_when_the_owner_corrects_himself(home: Home, undecided: Path) -> None:
    import_everything([undecided], home, with_dates(YES, dates="mdy"))
    assert days(home) == [-30 * 24 + 10, -30 * 24 + 10]
    assert import_everything([undecided], home, with_dates(YES, dates="dmy")).added == 2
    assert days(home) == [10, 10]


def test_should_refuse_a_format_and_a_zone_that_do_not_exist(home: Home, export: Path) -> None:
    with pytest.raises(CorpusError, match="no format is called 'fax'"):
        import_everything([export], home, with_dates(OPTIONS, format="fax"))
    with pytest.raises(ConfigError, match="is no time zone"):
        ImportOptions.of({"owner": {"timezone": "Nowhere/Town"}})


def test_a_named_format_should_choose_among_the_files_of_a_folder(home: Home, undecided: Path, export: Path) -> None:
    report = import_everything([undecided.parent], home, with_dates(YES, format="telegram-desktop"))
    assert [file.name for file in report.files] == [str(export)]
    assert str(undecided) in report.unknown_files
    with pytest.raises(CorpusError, match="is no Telegram export"):
        import_everything([undecided], home, with_dates(YES, format="telegram-desktop"))


# ── cut off ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """Stands for the process being killed."""


@pytest.mark.parametrize("stage", ["read", "scrub"])
def test_should_go_on_where_it_was_killed(
    home: Home, tmp_path: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCH_EVENTS", 10)
    export = write(tmp_path / "result.json", full(*(talk(number, 30, name=f"Name {number}") for number in range(1, 5))))
    undisturbed = Home(tmp_path / "other").create()
    import_everything([export], undisturbed, OPTIONS)

    def killed(step: Progress) -> None:
        if step.stage == stage and step.lines >= 50:
            raise Killed

    with pytest.raises(Killed):
        import_everything([export], home, OPTIONS, killed)
    report = import_everything([export], home, OPTIONS)
    assert report.files[0].state == ("read" if stage == "read" else "known")
    assert (0 < report.added <= 70) if stage == "read" else report.added == 0
    assert everything(home) == everything(undisturbed)


def test_a_file_that_was_cut_off_should_not_come_in_with_another(
    home: Home, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCH_EVENTS", 4)
    other = write(tmp_path / "other.json", full(talk(3, 4, name="Noor")))

    def killed(step: Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        import_everything([export], home, OPTIONS, killed)
    import_everything([other], home, OPTIONS)
    assert {key for key, *_ in everything(home)} == {"telegram:user3"}
    with RawStore.open(home) as store:
        assert store.line_count() == 4


def test_should_tell_how_far_it_is(home: Home, export: Path) -> None:
    told: list[Progress] = []
    import_everything([export], home, OPTIONS, told.append)
    assert list(dict.fromkeys(step.stage for step in told)) == ["read", "scrub", "propose"]
    read = [step for step in told if step.stage == "read"]
    assert (read[-1].done, read[-1].total) == (export.stat().st_size, export.stat().st_size)
    assert read[-1].lines == 10


# ── the report ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_should_hold_nobodys_words(whole: tuple[Home, Any]) -> None:
    home, report = whole
    shown = json.dumps(msgspec.to_builtins(report), ensure_ascii=False)
    said = {text for _, _, text, _ in everything(home) if len(text) > 20}
    assert len(said) > 10
    assert not any(text in shown for text in said)
