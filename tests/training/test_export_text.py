"""Bytes of any export of text become its lines, whatever wrote them and however long they are."""

import io
import tracemalloc
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training.importers.date_order import DateEvidence
from training.importers.text import decode_lines, local_ms, tidy

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]


class Dribble(io.BytesIO):
    """A stream that gives less than it is asked for, as archives do."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 7, 7) if size and size > 0 else size)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_text_should_have_the_same_lines_in_every_encoding(encoding: str) -> None:
    text = "hello\r\n" * 20_000 + "你好，吃了吗\u2028还没\n\nend: 再见"
    assert list(decode_lines(io.BytesIO(text.encode(encoding)))) == text.replace("\r\n", "\n").split("\n")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff"))))
@example(["é", ""])
def test_lines_should_come_back_in_whatever_pieces_a_stream_gives_them(lines: list[str]) -> None:
    content = "".join(f"{line}\n" for line in lines).encode("utf-8")
    assert list(decode_lines(Dribble(b"\xef\xbb\xbf" + content))) == lines


def test_bytes_that_are_no_text_should_be_replaced_and_the_rest_kept() -> None:
    assert list(decode_lines(io.BytesIO("é ok\n".encode() + b"a\xff\xfeb\nend"))) == ["é ok", "a\ufffd\ufffdb", "end"]
    damaged = ("你好" * 10).encode() + b"\xc4\xe3 ok"  # all of it could be GB18030 too
    assert list(decode_lines(io.BytesIO(damaged))) == ["你好" * 10 + "\ufffd\ufffd ok"]


def test_a_line_without_end_should_be_cut_and_never_held() -> None:
    class Endless(io.BytesIO):
        left = 400

        def read(self, size: int | None = -1) -> bytes:
            self.left -= 1
            return b"a" * (size or 0) if self.left > 0 else b"\nb" if self.left == 0 else b""

    tracemalloc.start()
    lines = list(decode_lines(Endless(), longest_chars=1000))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(line) for line in lines] == [1000, 1]
    assert peak_bytes < 1_000_000  # of the 26 million that were read


def test_tidying_should_keep_words_and_emoji_and_drop_what_cannot_be_seen() -> None:
    assert tidy("\x00 a\r\nb\x85\tc \ud800👩‍👩‍👧 \ufeff\n") == "a\nb\tc 👩‍👩‍👧"


def test_a_time_without_a_zone_should_be_read_on_the_clock_of_the_zone() -> None:
    noon = datetime(2023, 7, 1, 12)
    assert local_ms(noon, ZoneInfo("Europe/Berlin")) == local_ms(noon, ZoneInfo("UTC")) - 2 * 3_600_000


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["13/02/23"], "dmy"),
        (["02/13/23"], "mdy"),
        (["2023/02/03"], "ymd"),
        (["11/02/23", "03/03/23"], "dmy"),  # else November would come before March
        (["02/11/23", "03/03/23"], "mdy"),
        (["05/05/23", "06/06/23"], "dmy"),  # all the same either way
        (["23-01-15", "23-01-16", "23-02-11"], "ymd"),
        (["19.03.20", "19.03.21", "01.02.22"], "dmy"),
        (["19.03.20", "19.03.21"], None),  # two birthdays, or two days of 2019
        (["01/02/23", "02/03/23"], None),
        (["01/02/23"], None),
    ],
)
def test_the_order_of_dates_should_be_told_where_they_tell_it(dates: list[str], order: str | None) -> None:
    evidence = DateEvidence()
    for date in dates:
        separator = next(char for char in date if not char.isdigit())
        a, b, c = date.split(separator)
        evidence.see((a, b, c), separator)
    assert evidence.decide(None) == order
    if order is None:
        assert evidence.decide("dmy") == "dmy"
