"""The sample owner: what is committed is what the transcripts build, and it is as large and as varied as promised."""

import json
from pathlib import Path

import pytest

from model_server.config import OwnerConfig, read_document, read_section
from model_server.errors import ConfigError
from model_server.home import Home
from model_server.placeholders import holds_placeholder
from training.articles.dialogue import articles_slice
from training.contacts import read_contacts
from training.corpus import read_conversations
from training.sample import build, install
from training.slices import all_sessions, count_replies


def test_should_be_committed_as_it_is_built() -> None:
    for name, content in build.build().items():
        committed = (build.HERE / name).read_text(encoding="utf-8")
        assert committed == content, f"{name} is stale: python -m training.sample.build"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("SELFSAME_HOME", raising=False)
    install.install(tmp_path / "config.toml")
    return Home(tmp_path / ".selfsame")


def test_should_reply_to_a_dozen_contacts_of_four_types_over_two_years(installed: Home) -> None:
    contacts = read_contacts(installed)
    conversations = read_conversations(installed)
    replies = count_replies(all_sessions(conversations, contacts, 6 * 3600))
    times = [line.at_ms for chat in conversations for line in chat.lines]
    assert set(replies) == {"family", "friend", "colleague", "stranger"}
    assert sum(replies.values()) >= 900
    assert min(replies.values()) >= 100
    assert len(contacts) >= 12
    assert (max(times) - min(times)) / 86_400_000 > 700
    articles = articles_slice(installed, 0.1)
    assert articles is not None
    assert len({one.chat_key for one in articles.train}) == 6


def test_should_import_every_line_of_the_transcripts_that_is_text(installed: Home) -> None:
    said = [
        entry.body
        for transcript in build.read_transcripts(build.HERE / "transcripts")
        for entry in transcript.entries
        if not entry.body.startswith("[")
    ]
    kept = [line.text for chat in read_conversations(installed) for line in chat.lines]
    scrubbed = set(said) - set(kept)
    assert len(scrubbed) <= 2  # she told one client where to come
    assert sum(holds_placeholder(text) for text in kept) == len(scrubbed)


def test_should_number_messages_in_the_order_of_time() -> None:
    export = json.loads((build.HERE / "result.json").read_text(encoding="utf-8"))
    messages = [message for chat in export["chats"]["list"] for message in chat["messages"]]
    by_id = sorted(messages, key=lambda message: message["id"])
    assert len({message["id"] for message in messages}) == len(messages)
    assert [int(m["date_unixtime"]) for m in by_id] == sorted(int(m["date_unixtime"]) for m in by_id)


def test_should_have_a_short_card(installed: Home) -> None:
    owner = read_section(read_document(installed.path.parent / "config.toml"), "owner", OwnerConfig)
    assert owner.demo
    assert len(owner.card.split()) <= 90


def test_should_touch_no_other_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[owner]\nname = "Somebody"\n')
    with pytest.raises(ConfigError, match="belongs to another owner"):
        install.install(tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("# chat: Bram\n", "x:1: expected"),
        ("# chat: Bram | friend | user1\n< hi\n", "x:2: a line before"),
        ("# chat: Bram | friend | user1\n@ 2024-07-02 13:10\n> hi\n@ 2024-07-01 13:10\n", "x:4: time goes backwards"),
        ("# chat: Bram | friend | user1\n@ 2024-07-02 13:10\nhi\n", "x:3: unknown line"),
    ],
)
def test_should_name_the_line_of_a_transcript_that_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build.parse(text, "x")
