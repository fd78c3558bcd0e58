"""The raw store should hold each line once, go on where it was cut off, and keep nothing of a file that broke off."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from model_server.home import Home
from training.importers.base import Article, Aside, ChatHead, Event, Person, RawLine, SkippedChat
from training.raw import intake
from training.raw.forgotten import add_forgotten, read_forgotten
from training.raw.intake import FileCounts, begin_file, count_file, take_file
from training.raw.removal import discard_begun, discard_file, forget_people, rewrite, wipe
from training.raw.store import RawStore, raw_file

ANN, BEN, ME = "telegram:user1", "telegram:user2", "telegram:user9"


class Killed(BaseException):
    """Stands for the process being killed: nothing may run afterwards."""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH_EVENTS", 4)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def store(home: Home) -> Iterator[RawStore]:
    with RawStore.open(home) as opened:
        yield opened


def chat(contact: str, lines: int, start: int = 1) -> list[Event]:
    return [
        ChatHead(contact, "personal", contact.title(), contact, ME),
        Person(contact, contact.title(), saved=True, handles=("+12025550123",)),
        *(RawLine(str(at), ME if at % 2 else contact, f"line {at}", at) for at in range(start, start + lines)),
        Aside("media", 2),
    ]


def take(store: RawStore, digest: str, events: Sequence[Event]) -> FileCounts:
    file = store.file(digest) or begin_file(store, digest, f"{digest}.json", "telegram-desktop", "")
    return take_file(store, file, events)


def ids(store: RawStore, key: str) -> list[str]:
    return [line.line_id for line in store.lines_after(key, 0)]


def everything(store: RawStore) -> list[object]:
    """All rows of all tables but for the numbers that rows have."""
    columns = {
        "lines": "chat, line_id, sender, text, at_ms, reply_to, addressee",
        "chats": "key, kind, name, contact",
        "people": "id",
        "asides": "reason, count",
        "skipped": "kind, name, messages",
        "articles": "key, title, markdown, at_ms",
    }
    return [sorted(store.database.execute(f"SELECT {names} FROM {table}")) for table, names in columns.items()]


def test_should_keep_each_line_once_and_count_what_a_file_held(store: RawStore) -> None:
    first = take(store, "a", [*chat(ANN, 6), SkippedChat("channel", "News", 40)])
    second = take(store, "b", [*chat(ANN, 8, start=4)])
    assert (first.chats, first.lines, first.added, dict(first.set_aside)) == (1, 6, 6, {"media": 2})
    assert dict(first.skipped_chats) == {"channel": 1}
    assert (second.lines, second.added) == (8, 5)
    assert ids(store, ANN) == [str(at) for at in range(1, 12)]
    assert store.asides() == {("a.json", "media"): 2, ("b.json", "media"): 2, ("a.json", "chat:channel"): 1}


def test_should_tell_who_writes_where(store: RawStore) -> None:
    take(store, "a", chat(ANN, 5))
    take(store, "b", [ChatHead(ANN, "personal", "", ""), Person(ANN, "", handles=("ann@example.org",))])
    (facts,) = store.chat_facts()
    assert (facts.platform, facts.contact, facts.owners) == ("telegram", ANN, (ME,))
    assert facts.lines == {ANN: 2, ME: 3}
    assert facts.sources == ("a.json", "b.json")
    ann, me = store.people()
    assert (ann.name, ann.saved, ann.handles) == (ANN.title(), True, ("+12025550123", "ann@example.org"))
    assert (me.id, me.name, me.saved) == (ME, "user9", None)


def test_should_keep_no_instant_of_which_no_calendar_tells(store: RawStore) -> None:
    days = (-1, 0, 1, 4_102_444_800_000, 4_102_444_800_001, 1 << 64)
    lines = [RawLine(str(at), ANN, "hi", at_ms) for at, at_ms in enumerate(days)]
    counts = take(store, "a", [ChatHead(ANN, "personal", "Ann"), *lines])
    assert (ids(store, ANN), counts.lines, dict(counts.set_aside)) == (["2", "3"], 2, {"undated": 4})
    take(store, "b", [Article(str(at), "title", "text", at_ms) for at, at_ms in enumerate(days)])
    assert [one.at_ms for one in store.articles()] == [0, 0, 1, 4_102_444_800_000, 0, 0]


def test_should_remember_who_the_owner_is_in_each_chat(store: RawStore) -> None:
    take(store, "a", [*chat(ANN, 2), *chat(BEN, 2)])
    assert [one.owner for one in store.chats()] == [None, None]
    store.remember_me({ANN: ME, BEN: ""})
    assert [one.owner for one in store.chats()] == [ME, ""]
    assert store.me() == {ME}
    store.remember_me({BEN: ME})
    assert [one.owner for one in store.chats()] == [None, ME]


def test_a_file_that_breaks_off_should_leave_nothing(store: RawStore) -> None:
    take(store, "good", chat(ANN, 6))
    before = everything(store)

    def broken() -> Iterator[Event]:
        yield from chat(ANN, 20)
        yield from chat(BEN, 20)
        yield SkippedChat("channel", "News", 40)
        yield Article("key", "title", "text")
        raise CorpusError("it breaks off", "export it again")

    with pytest.raises(CorpusError, match="breaks off"):
        take_file(store, begin_file(store, "bad", "bad.json", "telegram-desktop", ""), broken())
    assert everything(store) == before
    assert store.file("bad") is None
    assert store.generation() == "0"


@given(cuts=st.lists(st.integers(0, 30), max_size=4))
@settings(max_examples=30, deadline=None)
def test_should_go_on_where_it_was_killed(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    """However often: the same lines, the same counts, and nothing twice."""
    events = [*chat(ANN, 9), Article("key", "title", "text"), *chat(BEN, 9), *chat(ANN, 3, start=9)]
    home = Home(tmp_path_factory.mktemp("home")).create()
    for cut in cuts:
        with RawStore.open(home) as store:
            file = store.file("a") or begin_file(store, "a", "a.json", "telegram-desktop", "")
            if file.state == "read":
                continue

            def killed(cut: int = cut) -> Iterator[Event]:
                yield from events[:cut]
                raise Killed

            with pytest.raises(Killed):
                take_file(store, file, killed())
    with RawStore.open(home) as store:
        counts = take(store, "a", events)
        assert (counts.chats, counts.lines, dict(counts.set_aside)) == (2, 21, {"media": 6})
        undisturbed = Home(tmp_path_factory.mktemp("home")).create()
        with RawStore.open(undisturbed) as other:
            take(other, "a", events)
            assert everything(store) == everything(other)


@pytest.mark.parametrize("cut", range(1, 11))
def test_who_was_forgotten_should_stay_out_though_the_reading_was_cut_off(home: Home, cut: int) -> None:
    events: list[Event] = [
        Person(BEN, "Benedikta"),
        ChatHead("telegram:group", "group", "Three"),
        *(RawLine(str(at), ANN, f"Benedikta said {at}", at) for at in range(1, 6)),
        RawLine("9", BEN, "it was I", 9),
        RawLine("10", ANN, "no, it was I", 10, reply_to="9"),
        RawLine("11", ANN, "good night", 11),
    ]

    def killed() -> Iterator[Event]:
        yield from events[:cut]
        raise Killed

    add_forgotten(home, [BEN])
    with RawStore.open(home) as store:
        file = begin_file(store, "a", "a.json", "telegram-desktop", "")
        with pytest.raises(Killed):
            take_file(store, file, killed(), read_forgotten(home))
        begun = store.file("a")
        assert begun is not None
        take_file(store, begun, events, read_forgotten(home))
        texts = [line.text for line in store.lines_after("telegram:group", 0)]
    assert len(texts) == 6
    assert not any("Benedikta" in text or "it was I" in text for text in texts)


def test_a_file_that_was_cut_off_and_not_named_again_should_go(store: RawStore) -> None:
    def killed() -> Iterator[Event]:
        yield from chat(ANN, 20)
        raise Killed

    with pytest.raises(Killed):
        take_file(store, begin_file(store, "a", "a.json", "telegram-desktop", ""), killed())
    assert store.line_count() > 0
    discard_begun(store)
    assert (store.line_count(), store.chats(), store.people()) == (0, [], [])
    assert store.generation() == "0"  # nothing that was ever scrubbed


def test_taking_out_a_file_that_was_read_should_be_noticed(store: RawStore) -> None:
    take(store, "a", chat(ANN, 4))
    take(store, "b", chat(BEN, 4))
    file = store.file("a")
    assert file is not None
    discard_file(store, file)
    assert [one.key for one in store.chats()] == [BEN]
    assert store.generation() == "1"


def test_an_article_that_changed_should_replace_what_it_was(store: RawStore) -> None:
    assert take(store, "a", [Article("soup", "Soup", "is a drink")]).articles_added == 1
    assert take(store, "b", [Article("soup", "Soup", "is a drink")]).articles_added == 0
    assert store.generation() == "0"
    assert take(store, "c", [Article("soup", "Soup", "is a meal")]).articles_added == 1
    assert [one.markdown for one in store.articles()] == ["is a meal"]


def test_a_file_that_breaks_off_should_leave_an_article_as_it_was(store: RawStore) -> None:
    def broken() -> Iterator[Event]:
        yield Article("soup", "Soup", "is half a me")
        raise CorpusError("it breaks off", "export it again")

    take(store, "a", [Article("soup", "Soup", "is a drink")])
    with pytest.raises(CorpusError):
        take_file(store, begin_file(store, "b", "b.xml", "wordpress", ""), broken())
    assert [one.markdown for one in store.articles()] == ["is a drink"]


def test_should_take_text_that_no_encoding_can_hold(store: RawStore) -> None:
    half = "\ud83d"
    counts = take(
        store,
        "a",
        [
            ChatHead(ANN, "personal", f"Ann{half}", ANN),
            Person(ANN, f"Ann{half}"),
            RawLine("1", ANN, "whole", 1),
            RawLine("2", f"{ANN}{half}", f"half {half}", 2),
        ],
    )
    assert counts.added == 2
    assert [(line.sender, line.text) for line in store.lines_after(ANN, 0)] == [(ANN, "whole"), (ANN, "half ")]


def test_should_delete_people_to_the_last_byte(home: Home) -> None:
    group: list[Event] = [
        ChatHead("telegram:group", "group", "Three"),
        Person(BEN, "Benedikta"),
        RawLine("1", BEN, "Benedikta here", 1),
        RawLine("2", ME, "an answer to her", 2, reply_to="1"),
        RawLine("3", ME, "hello you", 3, to=BEN),
        RawLine("4", ANN, "Benedikta is late", 4),
    ]
    with RawStore.open(home) as store:
        take(store, "a", [*chat(ANN, 4), *chat(BEN, 4), *group])
        forget_people(store, {BEN})
        assert rewrite(store, lambda text: text.replace("Benedikta", "[name A]")) == 1
        wipe(store)
        assert [one.key for one in store.chats()] == ["telegram:group", ANN]
        assert [line.text for line in store.lines_after("telegram:group", 0)] == ["[name A] is late"]
        assert store.generation() != "0"
    left = b"".join(path.read_bytes() for path in home.raw_dir.iterdir())
    assert b"user1" in left
    assert not any(word in left for word in (b"user2", b"Benedikta", b"hello you", b"an answer"))


def test_should_keep_the_raw_text_to_the_owner_alone(home: Home) -> None:
    with RawStore.open(home) as store:
        take(store, "a", chat(ANN, 4))
        assert {path.stat().st_mode & 0o777 for path in home.raw_dir.iterdir()} == {0o600}
    assert home.raw_dir.stat().st_mode & 0o777 == 0o700


def test_should_say_that_the_disk_is_full_and_keep_what_is_stored(home: Home) -> None:
    def fill_up() -> None:
        with RawStore.open(home) as store:
            (pages,) = store.database.execute("PRAGMA page_count").fetchone()
            store.database.execute(f"PRAGMA max_page_count = {pages}")
            take(store, "a", chat(ANN, 400))

    with pytest.raises(CorpusError, match="full → make room"):
        fill_up()
    with RawStore.open(home) as store:
        assert store.line_count() > 0
        take(store, "a", chat(ANN, 400))
        assert len(ids(store, ANN)) == 400


def test_should_name_the_file_when_it_is_damaged(home: Home) -> None:
    raw_file(home).write_bytes(b"not a database, and long enough to be looked at as if it were one" * 20)
    with pytest.raises(CorpusError, match=r"raw\.sqlite3 is damaged"), RawStore.open(home):
        pass


def test_a_known_file_should_be_counted_from_the_store(store: RawStore) -> None:
    took = take(store, "a", [*chat(ANN, 6), SkippedChat("bot_chat", "Bot", 2)])
    file = store.file("a")
    assert file is not None
    again = count_file(store, file)
    assert (again.lines, again.chats, again.set_aside, again.added) == (6, 1, took.set_aside, 0)
