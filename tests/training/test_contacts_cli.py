"""`selfsame contacts`: shown, edited, and round the spreadsheet and back."""

import contextlib
import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from model_server.errors import CorpusError
from model_server.home import Home
from training.commands.contacts_cli import app
from training.contacts import Contact, change_contacts, read_contacts, write_contacts
from training.people.merging import Union
from training.people.proposals import Proposals, read_proposals, renew_proposals
from training.people.proposing import Proposal
from training.people.table import from_table, to_table
from training.raw.lock import only_one

MUM = Contact("Mum", "", ("telegram:u1", "whatsapp:Mum"))
BRAM = Contact("Bram", "friend", ("telegram:u2",))
OTHER = Contact("Bram", "", ("line:9",))
TYPES = (
    Proposal("telegram:u1", "family", 0.99, ("is called 'Mum'",), 12, 9),
    Proposal("line:9", "colleague", 0.4, ("words of work in 9% of lines",), 3, 2),
)
UNIONS = (Union("telegram:u2", "line:9", 0.5, ("both are called Bram",)),)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SELFSAME_CONFIG", raising=False)
    monkeypatch.setenv("SELFSAME_HOME", str(tmp_path / "home"))
    home = Home(tmp_path / "home").create()
    write_contacts(home, [MUM, BRAM, OTHER])
    renew_proposals(home, TYPES, UNIONS)
    return home


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


def types(home: Home) -> dict[str, str]:
    return {one.ids[0]: one.type for one in read_contacts(home)}


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("arguments", [(), ("list",)])
def test_should_show_everybody_with_what_is_proposed(arguments: tuple[str, ...]) -> None:
    shown = run(*arguments)
    assert shown["contacts"][0] == json.loads(msgspec.json.encode(MUM)) | {
        "proposed": "family",
        "score": 0.99,
        "evidence": ["is called 'Mum'"],
        "lines": 12,
        "replies": 9,
    }
    assert [(one["a"], one["b"]) for one in shown["unions"]] == [("telegram:u2", "line:9")]


@pytest.mark.usefixtures("home")
def test_should_show_a_table_without_letting_names_command_the_terminal(home: Home) -> None:
    write_contacts(home, [Contact("[red]\x1b[2JEve", "", ("telegram:u1",))])
    shown = CliRunner().invoke(app, [], env={"COLUMNS": "200"}, catch_exceptions=False).stdout
    assert "[red] [2JEve" in shown
    assert "family 0.99" in shown


class TestAccepting:
    def test_should_change_nobody_who_is_typed_or_unsure(self, home: Home) -> None:
        assert run("accept", "--all") == {"accepted": [{"name": "Mum", "type": "family"}]}
        assert types(home) == {"telegram:u1": "family", "telegram:u2": "friend", "line:9": ""}

    def test_should_leave_a_type_that_the_owner_gave(self, home: Home) -> None:
        renew_proposals(home, [Proposal("telegram:u2", "stranger", 0.99, ())], [])
        assert run("accept", "--all") == {"accepted": []}
        run("accept", "telegram:u2")
        assert types(home)["telegram:u2"] == "stranger"

    def test_should_take_whom_the_owner_names_however_unsure(self, home: Home) -> None:
        run("accept", "line:9")
        assert types(home)["line:9"] == "colleague"

    def test_should_take_all_above_a_score(self, home: Home) -> None:
        assert len(run("accept", "--all", "--min-score", "0.3")["accepted"]) == 2

    @pytest.mark.usefixtures("home")
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            ((), "name contacts, or say --all"),
            (("Mum", "--all"), "names and --all together"),
            (("telegram:u2",), "no type is proposed for 'Bram'"),
            (("Bram",), "2 contacts are called 'Bram'"),
        ],
    )
    def test_should_say_what_to_do(self, arguments: tuple[str, ...], complaint: str) -> None:
        with pytest.raises(CorpusError) as raised:
            run("accept", *arguments)
        assert complaint in str(raised.value)


class TestJoiningAndTakingApart:
    def test_should_merge_and_keep_the_first(self, home: Home) -> None:
        assert run("merge", "telegram:u2", "line:9")["ids"] == ["telegram:u2", "line:9"]
        assert read_contacts(home)[1:] == [Contact("Bram", "friend", ("telegram:u2", "line:9"))]
        assert run("list")["unions"] == []
        assert run("list")["contacts"][1]["lines"] == 3

    def test_should_split_for_good(self, home: Home) -> None:
        run("split", "telegram:u1")
        assert [one.ids for one in read_contacts(home)] == [
            ("whatsapp:Mum",),
            ("telegram:u1",),
            ("telegram:u2",),
            ("line:9",),
        ]
        renew_proposals(home, TYPES, (Union("telegram:u1", "whatsapp:Mum", 0.8, ()),))
        assert run("list")["unions"] == []
        assert read_proposals(home).apart_pairs == {frozenset(MUM.ids)}

    def test_should_join_again_what_was_split(self, home: Home) -> None:
        run("split", "telegram:u1")
        run("merge", "whatsapp:Mum", "telegram:u1")
        assert read_proposals(home).apart == ()

    @pytest.mark.usefixtures("home")
    def test_should_not_propose_again_what_the_owner_denied(self) -> None:
        run("apart", "telegram:u2", "line:9")
        assert run("list")["unions"] == []

    def test_should_rename(self, home: Home) -> None:
        run("rename", "Mum", "  Mama \n M ")
        assert read_contacts(home)[0].name == "Mama M"

    @pytest.mark.usefixtures("home")
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("split", "telegram:u2"), "is the only id of Bram"),
            (("split", "Mum"), "no contact has the id 'Mum'"),
            (("merge", "Mum", "whatsapp:Mum"), "one contact already"),
            (("rename", "Mum", " "), "is no name"),
        ],
    )
    def test_should_say_what_to_do(self, arguments: tuple[str, ...], complaint: str) -> None:
        with pytest.raises(CorpusError) as raised:
            run(*arguments)
        assert complaint in str(raised.value)


class TestTable:
    def test_should_come_back_as_it_went(self, home: Home) -> None:
        run("export", "c.csv")
        assert stat.S_IMODE(Path("c.csv").stat().st_mode) == 0o600
        before = home.contacts_file.read_bytes()
        assert run("import", "c.csv") == {"changed": []}
        assert home.contacts_file.read_bytes() == before

    def test_should_bring_edits_back(self, home: Home) -> None:
        run("export", "c.csv")
        edited = Path("c.csv").read_text().replace("telegram:u1,Mum,,", "telegram:u1,妈妈,Family,")
        Path("c.csv").write_text(edited)
        assert [one["name"] for one in run("import", "c.csv")["changed"]] == ["妈妈"]
        assert read_contacts(home)[0] == Contact("妈妈", "family", MUM.ids)

    def test_should_not_replace_a_table_that_may_hold_edits(self, home: Home) -> None:
        run("export", "c.csv")
        with pytest.raises(CorpusError, match="is there already"):
            run("export", "c.csv")
        run("export", "c.csv", "--force")

    def test_should_name_every_wrong_line_and_change_nothing(self, home: Home) -> None:
        before = home.contacts_file.read_bytes()
        rows = "id,name,type\ntelegram:u1,Mum,family\n\ntelegram:u9,X,\nwhatsapp:Mum,M,\nline:9,,Best Friend!\n"
        Path("c.csv").write_text(rows)
        with pytest.raises(CorpusError) as raised:
            run("import", "c.csv")
        said = str(raised.value)
        assert "line 4: no contact has the id 'telegram:u9'" in said
        assert "line 5: the contact of line 2 again" in said
        assert "line 6: 'best friend!' cannot name" in said
        assert home.contacts_file.read_bytes() == before

    @pytest.mark.parametrize("separator", [";", "\t", ","])
    def test_should_read_what_spreadsheets_of_other_countries_write(self, separator: str) -> None:
        table = "Name;ID;TYPE;x\r\nMama;whatsapp:Mum;family;\r\n".replace(";", separator)
        assert from_table([MUM, BRAM], table) == [Contact("Mama", "family", MUM.ids), BRAM]

    def test_should_leave_what_has_no_column(self) -> None:
        assert from_table([BRAM], "id,type\ntelegram:u2,colleague\n") == [Contact("Bram", "colleague", BRAM.ids)]

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"a,b\n1,2\n", "no columns"),
            (b"", "no columns"),
            (b'id,name,type\ntelegram:u1,"Mum,\n', "line 2: "),
            (b"id,name,type\ntelegram:u1\n", "line 2: 1 cells of 3"),
            ("id,name,type\ntelegram:u1,妈,\n".encode("gb18030"), "is not UTF-8"),
        ],
    )
    def test_should_say_where_a_table_is_broken(self, home: Home, content: bytes, complaint: str) -> None:
        Path("c.csv").write_bytes(content)
        with pytest.raises(CorpusError, match=complaint):
            run("import", "c.csv")

    @pytest.mark.parametrize(
        "name", ["=1+1", "+49 30", "-x", "@sum", "'=1", "''+", " =1", "＝1", "'Bob", "\t=1", "a\nb"]
    )
    def test_should_never_write_a_formula(self, name: str) -> None:
        contact = Contact(name, "", ("telegram:u1",))
        table = to_table([contact], Proposals((Proposal("telegram:u1", "friend", 0.5, ("=cmd()",)),)))
        cells = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline="")))[1]
        assert not any(cell[:1] in "=+-@\t\r\n＝" for cell in cells if cell)
        assert from_table([contact], table) == [contact]

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.text(), st.sampled_from(["", "family", "x-1"])), max_size=8))
    def test_should_come_back_whatever_people_are_called(self, people: list[tuple[str, str]]) -> None:
        contacts = [Contact(name, kind, (f"x:{at}", f"y: {at}")) for at, (name, kind) in enumerate(people)]
        assert from_table(contacts, to_table(contacts, Proposals())) == contacts

    @settings(max_examples=60, deadline=None)
    @given(st.text(), st.sampled_from(["", "id,name,type\n", "id;type\n", "\ufeffid\ttype\n"]))
    def test_should_say_no_more_than_that_a_table_is_wrong(self, rest: str, head: str) -> None:
        with contextlib.suppress(CorpusError):
            assert from_table([MUM], head + rest) == [MUM]


def test_should_lose_nothing_that_the_bot_wrote_meanwhile(home: Home) -> None:
    """The bot types a contact between our reading and our writing."""
    edits = iter([lambda: write_contacts(home, [MUM, BRAM, msgspec.structs.replace(OTHER, type="friend")])])

    def rename(found: list[Contact]) -> list[Contact]:
        next(edits, lambda: None)()
        return [msgspec.structs.replace(one, name="Mama") if one.ids == MUM.ids else one for one in found]

    assert [(one.name, one.type) for one in change_contacts(home, rename)] == [
        ("Mama", ""),
        ("Bram", "friend"),
        ("Bram", "friend"),
    ]


@pytest.mark.parametrize(
    "words", [("merge", "Mum", "telegram:u2"), ("split", "whatsapp:Mum"), ("apart", "telegram:u2", "line:9")]
)
def test_should_leave_the_proposals_to_an_import_at_work(home: Home, words: tuple[str, ...]) -> None:
    """The import would renew them from what it read before, and what the owner took apart would be lost."""
    before = read_contacts(home), read_proposals(home)
    with only_one(home), pytest.raises(CorpusError, match="another import is at work"):
        run(*words)
    assert (read_contacts(home), read_proposals(home)) == before
    run(*words)
    assert (read_contacts(home), read_proposals(home)) != before


def test_should_say_that_the_proposals_are_damaged(home: Home) -> None:
    home.proposals_file.write_text("{")
    with pytest.raises(CorpusError, match="is damaged"):
        run("list")
