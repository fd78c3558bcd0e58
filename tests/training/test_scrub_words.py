"""The scrub should write one placeholder for one value, and treat names and blocked words as the owner says."""

import pickle
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_server.errors import ConfigError
from model_server.placeholders import KINDS, PLACEHOLDER, holds_placeholder, placeholder
from training.articles.blocks import read_blocks
from training.scrub.config import NamePolicy, ScrubConfig
from training.scrub.emails import find_emails
from training.scrub.masks import mask
from training.scrub.names import PersonName
from training.scrub.plain import plain, small, view
from training.scrub.scrubber import Scrubber

KEY = b"a key of this test"
PEOPLE = [
    PersonName("Jane Doe 🌸", "telegram:user1"),
    PersonName("王小明🌟", "wechat:wx1"),
    PersonName("Will Grant", "x:3"),
    *(PersonName(name) for name in ("May Lin", "Mark", "Pizza Guy", "gym", "李阳光")),
]


def scrub(text: str, config: ScrubConfig | None = None, people: Sequence[PersonName] = ()) -> str:
    return Scrubber(config or ScrubConfig(), people, KEY).scrub(text).text


def test_one_value_should_have_one_placeholder_however_it_is_written() -> None:
    spelt = ["13900001234", "139 0000 1234", "+86 139-0000-1234", "１３９００００１２３４", "008613900001234"]
    assert len({scrub(text) for text in spelt}) == 1
    assert scrub("Jane@Example.com") == scrub("jane (at) example dot com")


@settings(max_examples=60)
@given(
    st.text("aB1é. ", max_size=6),
    st.sampled_from(("@", "＠", "(at)", " (at) ", "[at]", "{at}", "（at）", "(AT)", " at ")),
    st.sampled_from((".", " dot ", "(dot)", " [dot] ", "．")),
    st.sampled_from(("com", "org", "nl ok", "x")),
)
def test_no_address_should_be_passed_over_before_it_is_looked_for(before: str, at: str, dot: str, end: str) -> None:
    text = f"{before}jane{at}example{dot}{end}"
    made = plain(text)
    if found := list(find_emails(view(made, small(made), ""))):
        assert [one.kind for one in Scrubber(ScrubConfig(), (), KEY).scrub(text).findings] == ["email"] * len(found)


@pytest.mark.parametrize("text", ["jane(at)example.com", "jane [at] example.com", "jane{at}example.com"])
def test_should_find_an_address_without_digit_at_sign_and_dot(text: str) -> None:
    assert scrub(f"write to {text} please").count("[email ") == 1


def test_the_letter_should_depend_on_the_key_of_the_home() -> None:
    lines = [f"1390000{number}" for number in range(1000, 1030)]
    ours, theirs = (Scrubber(ScrubConfig(), [], key) for key in (KEY, b"another key here"))
    assert [ours.scrub(line).text for line in lines] != [theirs.scrub(line).text for line in lines]


def test_another_process_should_write_the_same() -> None:
    arguments = (ScrubConfig(block=("Falcon",), names="replace"), [PersonName("Jane Doe", "x:1")], KEY)
    text = "Jane Doe: falcon, 13900001234, jane@example.com"
    program = (
        "import pickle, sys; from training.scrub.scrubber import Scrubber;"
        f"print(Scrubber(*pickle.loads(bytes.fromhex(sys.argv[1]))).scrub({text!r}).text)"
    )
    sent = pickle.dumps(arguments).hex()
    told = subprocess.run([sys.executable, "-c", program, sent], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == Scrubber(*arguments).scrub(text).text


def test_what_was_scrubbed_should_not_be_scrubbed_again() -> None:
    once = scrub("密码：abc123, call 415-555-0132, password: hunter2, https://a.example/?token=8f2Kd91mQz7Lp3Xw")
    assert scrub(once) == once
    assert holds_placeholder(once)


def test_findings_should_be_offsets_in_the_line_as_it_was_written() -> None:
    text = "☎️：１３９００００１２３４；a@b.example"
    found = Scrubber(ScrubConfig(), [], KEY).scrub(text).findings
    assert [text[one.start : one.end] for one in found] == ["１３９００００１２３４", "a@b.example"]


def test_kinds_to_keep_should_stay() -> None:
    assert scrub("a@b.example 415-555-0132", ScrubConfig(keep=("email",))).startswith("a@b.example [phone ")


def test_blocked_words_should_go_in_any_case_but_not_out_of_other_words() -> None:
    config = ScrubConfig(block=("Project Falcon", "老地方"))
    assert PLACEHOLDER.fullmatch(scrub("PROJECT FALCON", config))
    assert PLACEHOLDER.fullmatch(scrub("ｐｒｏｊｅｃｔ　ｆａｌｃｏｎ", config))
    assert PLACEHOLDER.search(scrub("去老地方见", config))
    assert scrub("project falconry", config) == "project falconry"


def test_a_blocked_word_inside_something_private_should_take_the_whole_with_it() -> None:
    said = scrub("falcon.doe@corp.example, falcon", ScrubConfig(block=("falcon",)))
    assert [found[1:4] for found in PLACEHOLDER.findall(said)] == ["ema", "pri"]
    assert "corp" not in said
    assert "corp" in scrub("falcon@corp.example", ScrubConfig(block=("falcon",), keep=("email",)))


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("ask [name K](work), [name K][name L] came", "ask [name K](work), [name K][name L] came"),
        ("[email A]: hello", "[email A]: hello"),
        ("[[phone A]](tel:[phone A]) or [call [phone A]](tel:x)", "[phone A] or call [phone A]"),
        ("[a link](https://a.example) and [[a page|its name]]", "a link and its name"),
    ],
)
def test_an_article_should_keep_its_placeholders(markdown: str, words: str) -> None:
    (block,) = read_blocks(markdown)
    assert block.text == words


def test_an_unknown_country_should_be_told() -> None:
    with pytest.raises(ConfigError, match="'ZZ'"):
        Scrubber(ScrubConfig(regions=("GB", "ZZ")), [], KEY)


@pytest.mark.parametrize(
    ("policy", "text", "expected"),
    [
        ("keep", "Jane Doe and 小明", "Jane Doe and 小明"),
        ("initials", "ask Jane Doe, or Jane", "ask J. D., or J."),
        ("initials", "王小明说的", "王某说的"),
        ("replace", "janet and Janes", "janet and Janes"),
        ("replace", "Will you come? will you? 😀 Will you?", "Will you come? will you? 😀 Will you?"),
        ("initials", "ask jane, or JANE’s mum", "ask J., or J.’s mum"),
        ("initials", "in May, May 5, ask May about it", "in May, May 5, ask M. about it"),
        (
            "initials",
            "Mark my words. Pizza Guy came, the gym and pizza guy",
            "Mark my words. P. G. came, the gym and pizza guy",
        ),
        ("initials", "阳光很好，李阳光和小明来了", "阳光很好，李某和某某来了"),
    ],
)
def test_names_should_follow_the_policy(policy: NamePolicy, text: str, expected: str) -> None:
    assert scrub(text, ScrubConfig(names=policy), PEOPLE) == expected


def test_all_names_of_a_person_should_share_a_placeholder() -> None:
    said = PLACEHOLDER.findall(scrub("Jane Doe, Jane, Doe", ScrubConfig(names="replace"), PEOPLE))
    assert len(said) == 3
    assert len(set(said)) == 1
    assert PLACEHOLDER.search(scrub("i asked Will about it", ScrubConfig(names="replace"), PEOPLE))
    assert PLACEHOLDER.search(scrub("我问小明了", ScrubConfig(names="replace"), PEOPLE))


def test_placeholders_should_be_recognised() -> None:
    assert all(holds_placeholder(f"it is {placeholder(kind, 'Q')}.") for kind in KINDS)
    assert holds_placeholder("it is [phone")
    assert not any(map(holds_placeholder, ["[1]", "[x]", "phone K", "[phone me]", "[ok]"]))


def test_a_mask_should_show_two_characters_at_most() -> None:
    assert [mask(value) for value in ("jane@example.com", "13900001234", "hunter2", "…")] == ["j…@e…", "1…", "h…", "…"]
