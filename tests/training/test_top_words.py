"""Words and emoji as they are counted, and the words that set one contact type apart."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from training.report.top_words import top_words
from training.report.words import emoji_of, words_of


def test_words_should_be_counted_without_links_and_placeholders() -> None:
    assert list(words_of("Don’t call [phone K], see https://x.example/soup @bram 42 Äpfel")) == [
        "don't",
        "call",
        "see",
        "äpfel",
    ]
    assert list(words_of("ok我们走 [捂脸] 嗯")) == ["ok", "我们", "们走", "嗯"]


def test_emoji_should_be_counted_as_people_see_them() -> None:
    assert emoji_of("👨‍👩‍👧 and 👍🏽 in 🇵🇹 ❤️") == ["👨‍👩‍👧", "👍🏽", "🇵🇹", "❤️"]
    assert emoji_of("[捂脸] 好") == ["[捂脸]"]
    assert emoji_of("1. € – 你好 [phone K] ½ ™") == []


def test_top_words_should_find_what_sets_a_type_apart_and_nothing_that_is_merely_frequent() -> None:
    common = Counter({"the": 500, "and": 300, "of": 200})
    found = top_words({"family": common + Counter(hugs=20, rare=4), "friend": common + Counter(mate=30)}, 5, 10)
    assert [one.word for one in found["family"]] == ["hugs"]
    assert [one.word for one in found["friend"]] == ["mate"]
    (hugs,) = found["family"]
    assert (hugs.uses, hugs.rate, hugs.rate_elsewhere) == (20, 19.53, 0.0)
    # by hand: (ln 40/3038 - ln 20/3064) / sqrt(1/40 + 1/20)
    assert hugs.score == 2.56


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 500), min_size=1))
@settings(max_examples=60)
def test_types_that_speak_alike_should_have_no_top_words(counts: dict[str, int]) -> None:
    assert top_words({"one": counts, "two": counts}, 1, 10) == {"one": (), "two": ()}
    assert top_words({"alone": counts}, 1, 10) == {"alone": ()}


def test_top_words_should_not_repeat_the_pieces_of_a_chinese_phrase() -> None:
    rest = Counter({"我们": 900, "今天": 800})
    phrase = Counter({"生日": 40, "日快": 40, "快乐": 40})
    found = [one.word for one in top_words({"family": rest + phrase, "friend": rest}, 5, 10)["family"]]
    assert found == ["快乐", "生日"]
