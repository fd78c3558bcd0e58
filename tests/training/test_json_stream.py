"""The cursor over JSON documents of any size: it reads what the parser reads, wherever its chunks end."""

import json
from io import BytesIO
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import CorpusError
from training.importers import json_stream
from training.importers.json_stream import JsonStream, keys_beside
from training.importers.source import MemorySource


class Trickle(BytesIO):
    """A file of which only a few bytes come at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(3)


class TricklingSource(MemorySource):
    """A source of such files."""

    def open(self) -> BytesIO:
        return Trickle(self.content)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


def walked(stream: JsonStream) -> Any:
    """The next value, taken apart by the cursor."""
    match stream.peek():
        case "{":
            return {key: walked(stream) for key in stream.keys()}  # noqa: SIM118  # it is no dict
        case "[":
            return [walked(stream) for _ in stream.entries()]
        case _:
            return stream.value()


@given(documents, st.sampled_from([None, 1]), st.booleans())
@settings(max_examples=60)
def test_should_read_what_the_parser_reads_wherever_a_chunk_ends(document: Any, indent: int | None, bom: bool) -> None:
    content = json.dumps(document, indent=indent, ensure_ascii=False).encode("utf-8", "replace")
    source = TricklingSource("a.json", b"\xef\xbb\xbf" * bom + content)
    with mock.patch.multiple(json_stream, _FILL_BYTES=1, _LOW_CHARS=0):
        for read in (walked, JsonStream.value):
            with JsonStream(source, "again") as stream:
                assert read(stream) == json.loads(content)
                stream.end()


def stream_of(text: str) -> JsonStream:
    return JsonStream(MemorySource("a.json", text.encode()), "do it again")


def test_should_pass_over_what_is_not_taken() -> None:
    with stream_of('{"big": [[1], {"x": [2]}], "small": {"deep": {}}, "last": 3}') as stream:
        assert [stream.value() for key in stream.keys() if key == "last"] == [3]  # noqa: SIM118
        stream.end()


def test_should_read_the_keys_beside_the_big_one() -> None:
    source = MemorySource("a.json", b'{"messages": [1, 2, 3], "meta": {"name": "x"}}')
    assert keys_beside(source, "again", "messages") == {"meta": {"name": "x"}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n"a": 1,\n"b"', "a.json breaks off near line 3"),
        ('{"a": "x', "a.json breaks off near line 1"),
        ('{"a": tru', "a.json breaks off near line 1"),
        ("[1,\n2,\n]" + " " * 20, r"a.json is not valid JSON \(a value is missing\) near line 3"),
        ("[1 2]", r"a.json is not valid JSON \('2' is out of place\) near line 1"),
        ("[1]]", r"a.json is not valid JSON \('\]' is out of place\)"),
        ("[" + "9" * 5_000 + "]", r"a.json is not valid JSON \(a value is nested or long beyond reason\)"),
        ("[" * 50_000, "a.json is not valid JSON"),
    ],
)
def test_should_say_what_is_wrong_and_where(text: str, said: str) -> None:
    def read_all() -> None:
        stream.skip()
        stream.end()

    with stream_of(text) as stream, pytest.raises(CorpusError, match=said + r".* → do it again"):
        read_all()
