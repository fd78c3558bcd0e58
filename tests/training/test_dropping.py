"""Near-duplicates and chain messages are set aside; what people say to each other every day is not."""

from pathlib import Path

import pytest

from training.corpus import Corpus, CorpusChat, CorpusLine
from training.dropping import drop_repeats, is_chain, is_long

from .raw_homes import new_home

MOVING = "Hi {}, we are moving to Willow Street on the first of May, come and see us whenever you like, there is soup."
BREAD = (
    "The bread on the corner is now sold by a man with a moustache, and he gives one to every child who says please."
)


@pytest.fixture
def corpus(tmp_path: Path):  # type: ignore[no-untyped-def]
    with Corpus.open(new_home(tmp_path)) as corpus:
        yield corpus


def say(corpus: Corpus, chat_key: str, *said: tuple[str, str], start: int = 0) -> None:
    """Lines `(sender, text)`; the sender `me` is the owner."""
    corpus.put_chat(CorpusChat(chat_key, "personal", chat_key, chat_key))
    corpus.put_lines(
        chat_key,
        [
            CorpusLine(str(at), "owner" if who == "me" else "contact", text, at, sender=who, seq=at)
            for at, (who, text) in enumerate(said, start=start)
        ],
    )


def left(corpus: Corpus, chat_key: str) -> list[str]:
    return [line.text for line in corpus.lines(chat_key)]


def test_should_keep_the_first_of_what_one_says_again_in_a_chat(corpus: Corpus) -> None:
    say(corpus, "c:1", ("ann", BREAD), ("me", "ok"), ("ann", BREAD.replace("now", "now really") + "!!"), ("me", BREAD))
    assert drop_repeats(corpus) == {"near_duplicate": 1}
    assert left(corpus, "c:1") == [BREAD, "ok", BREAD]
    assert corpus.counts("dropped") == {("", "near_duplicate"): 1}


def test_should_keep_one_of_what_the_owner_sends_to_many(corpus: Corpus) -> None:
    for at, name in enumerate(("Ann", "Ben", "Mum", "Dad")):
        say(corpus, f"c:{name}", ("me", MOVING.format(name)), start=at)
    assert drop_repeats(corpus) == {"near_duplicate": 3}
    assert left(corpus, "c:Ann") == [MOVING.format("Ann")]


def test_should_let_him_say_it_to_two(corpus: Corpus) -> None:
    for at, name in enumerate(("Ann", "Ben")):
        say(corpus, f"c:{name}", ("me", MOVING.format(name)), start=at)
    assert drop_repeats(corpus) == {}


def test_should_drop_every_copy_of_what_many_people_pass_on(corpus: Corpus) -> None:
    for at, name in enumerate(("ann", "ben", "mum")):
        say(corpus, f"c:{name}", (name, BREAD), ("me", "thanks for telling me"), start=10 * at)
    assert drop_repeats(corpus) == {"chain": 3}
    assert left(corpus, "c:mum") == ["thanks for telling me"]


def test_should_never_drop_what_is_short(corpus: Corpus) -> None:
    for name in ("ann", "ben", "mum"):
        say(corpus, f"c:{name}", *[(name, "good night, sleep well"), ("me", "晚安，好梦")] * 9)
    assert drop_repeats(corpus) == {}


def test_should_take_back_what_is_no_repeat_any_more(corpus: Corpus) -> None:
    say(corpus, "c:1", ("ann", BREAD), ("ann", BREAD))
    assert drop_repeats(corpus) == {"near_duplicate": 1}
    say(corpus, "c:1", ("ann", "something else"))
    assert drop_repeats(corpus) == {}
    assert len(left(corpus, "c:1")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "Forward this to 10 people within an hour and a wish comes true; who ignores it will have years of bad luck!",
        "Please send this message to all your contacts before midnight, or your account will be closed forever.",
        "转发给十个好友，三天之内必有好运，不转发的话今年都会倒霉，真的很灵，大家一定要试一下",
        "不转不是中国人，看到的都转起来，让更多的人知道这件事情，为了孩子们的健康，请大家帮忙",
    ],
)
def test_should_know_a_chain_message_by_its_words(text: str, corpus: Corpus) -> None:
    say(corpus, "c:1", ("ann", text))
    assert drop_repeats(corpus) == {"chain": 1}


@pytest.mark.parametrize(
    "text",
    [
        "Can you send this to the people in finance before ten tomorrow please, they asked me for it three times.",
        "I can share the room with two friends, or you can pass the key to whoever comes first in the afternoon train.",
        "把这个文件发给财务的三个人，他们昨天一直在催，今天下班之前一定要弄好，不然经理会生气",
        "Can you please forward the slides to the other 12 people in the group before the meeting tomorrow morning?",
        "I will send the invitation to all your friends tomorrow; is there anybody you would rather not have there?",
        "把照片发给群里的五六个人就行了，不用每个人都发，明天我再把剩下的传到网盘上给大家下载",
        "看到请转发给老师，孩子明天不去学校了，早上发烧三十九度，医生说要在家里休息，她自己也很难过",
    ],
)
def test_should_not_take_a_favour_for_a_chain(text: str) -> None:
    assert is_long(text)
    assert not is_chain(text)
