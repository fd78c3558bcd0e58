"""Articles as dialogue: plausible questions, and in the answers no word that is not the owner's."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.reading import events_of, fixture, only
from training.articles.blocks import read_blocks
from training.articles.dialogue import to_dialogue
from training.corpus import CorpusArticle
from training.importers import markdown
from training.importers.base import Article

ARTICLE = """I do not wish to argue about this. I have set aside the following page in order not to.

## The borders

A soup in which the *spoon* stands up has gone [inland](https://example.org) and should be governed by other laws.

**Verdict.** It comes hot, it is liquid, and it goes down without being bitten.

My mother was a school cook. Her position is that soup is a meal because children get up from it satisfied.
"""


def dialogue(text: str, title: str = "Soup is a drink") -> list[tuple[str, str]]:
    said = [line.text for line in to_dialogue(CorpusArticle("soup", title, text)).lines]
    return list(zip(said[::2], said[1::2], strict=True))


def test_should_let_paragraphs_answer_their_title_heading_lead_or_claim() -> None:
    assert dialogue(ARTICLE) == [
        (
            "Soup is a drink?",
            "I do not wish to argue about this. I have set aside the following page in order not to.",
        ),
        (
            "The borders?",
            "A soup in which the spoon stands up has gone inland and should be governed by other laws.",
        ),
        ("Verdict?", "It comes hot, it is liquid, and it goes down without being bitten."),
        (
            "“My mother was a school cook.” How do you mean that?",
            "Her position is that soup is a meal because children get up from it satisfied.",
        ),
    ]


def test_should_ask_with_a_quotation_and_leave_code_out() -> None:
    (article,) = only(Article, events_of(markdown.FORMAT, fixture("articles/yaml-front-matter.md")))
    found = dict(dialogue(article.markdown, article.title))
    assert found["“Steam is the cheapest musician.” What do you make of that?"].startswith("I do not agree")
    assert found["Verdict?"].endswith("nobody practises.\nSo there.")
    answers = "\n".join(found.values())
    assert "What you need:\na kettle with a loose lid\nwater that has not been boiled before\ntime" in answers
    assert "cheapest" not in answers
    assert "never an answer" not in answers


def test_should_answer_a_heading_however_shortly() -> None:
    said = dialogue("By me\n\n## Is it boring?\n\nYes.\n\n## And in winter?\n\nTwo coats.\n", "Walks")
    assert said == [("Is it boring?", "Yes."), ("And in winter?", "Two coats.")]
    assert dialogue("## 结论\n\n少买。多借。\n", "书") == [("结论？", "少买。多借。")]


@pytest.mark.parametrize("mark", ["“{}”", '"{}"', "「{}」", "“{}” — Ben", "> {}\n\n— Ben"])
def test_should_never_answer_with_a_paragraph_of_quotation(mark: str) -> None:
    theirs = "I will never come back to this town as long as the bakery on the corner is open to the public."
    mine = "I laughed for a week, and he came back in March and bought a bun without a word."
    (exchange,) = dialogue(f"He wrote to me:\n\n{mark.format(theirs)}\n\n{mine}\n")
    assert exchange[1] == mine
    assert theirs in exchange[0]


def test_should_ask_in_the_language_of_the_article() -> None:
    (article,) = only(Article, events_of(markdown.FORMAT, fixture("articles/toml-front-matter.md")))
    assert [asked for asked, _answer in dialogue(article.markdown, article.title)] == [
        "煮水的声音？",
        "为什么要听？",
        "“水知道答案。”这话你怎么看？",
    ]
    german = "Ein Topf ohne Deckel ist ein kleines Wetter, und jemand muss darunter wohnen, meistens ich.\n\n" * 2
    assert [asked for asked, _answer in dialogue(german, "Über Deckel")] == ["Über Deckel?", "…?"]


def test_should_leave_out_what_is_nobody_s_speech() -> None:
    text = (
        "One paragraph that is long enough to be an answer of its own.\n\n"
        "| a | b |\n|---|---|\n| table | cell |\n\n    indented = code\n\n~~~\nfenced\n\n~~~\n\n"
        "[^1]: a footnote\n\n<div>raw</div>\n\n***\n\n![picture](x.png)\n\n[ref]: https://example.org"
    )
    assert [block.text for block in read_blocks(text)] == [
        "One paragraph that is long enough to be an answer of its own."
    ]


def test_should_read_headings_lists_and_emphasis_as_markdown_means_them() -> None:
    text = (
        "Under\nlined\n---\n\n1. one\n   goes on\n2. two\n\n3. three\n\n- [x] __done__\n\n"
        "[[Page|wiki]] `code` snake_case_word 2 * 3 * 4"
    )
    assert [(block.kind, block.text) for block in read_blocks(text)] == [
        ("heading", "Under lined"),
        ("list", "one goes on\ntwo\nthree\ndone"),
        ("paragraph", "wiki code snake_case_word 2 * 3 * 4"),
    ]


OWN = st.sampled_from(
    ["I", "we", "soup", "lid", "never", "think", "because", "汤", "锅盖", "Nov.", "why?", "so!", "end."]
)
THEIRS = st.sampled_from(["QUOTED", "CODED", "TABLED"])
SENTENCE = st.lists(OWN, min_size=1, max_size=25).map(" ".join)
BLOCK = st.one_of(
    SENTENCE,
    SENTENCE.map(lambda text: f"## {text}"),
    SENTENCE.map(lambda text: f"**{text}** {text}"),
    st.lists(SENTENCE, min_size=1, max_size=4).map(lambda items: "\n".join(f"- {item}" for item in items)),
    SENTENCE.map(lambda text: f"{text}:"),
    THEIRS.map(lambda word: f"> {word} {word}"),
    THEIRS.map(lambda word: f"```\n{word}\n\n{word}\n```"),
    THEIRS.map(lambda word: f"| {word} | {word} |\n|---|---|"),
)


@settings(max_examples=60)
@given(st.lists(BLOCK, max_size=8).map("\n\n".join))
def test_should_never_put_a_word_into_the_owners_mouth(text: str) -> None:
    """Answers hold the owner's words in their order, none twice, and none of those he quoted."""
    answered = [word for _asked, answer in dialogue(text, "Title") for word in answer.split()]
    rest = iter(re.sub(r"[*#>|`-]", " ", text).split())
    assert all(any(word == own for own in rest) for word in answered)
    assert not {"QUOTED", "CODED", "TABLED"} & set(answered)


@settings(max_examples=60)
@given(st.text(st.sampled_from("ab .!?*_`~[](){}<>#>-|\n1:：。水\\\t$"), max_size=300))
def test_should_take_any_text(text: str) -> None:
    lines = to_dialogue(CorpusArticle("any", "any", text)).lines
    assert [line.author for line in lines] == ["contact", "owner"] * (len(lines) // 2)
    assert all(line.text.strip() for line in lines)


@pytest.mark.parametrize("line", ["[" * 400_000, "-|" * 200_000 + "x", "c **a " * 80_000])
def test_a_line_of_brackets_without_end_should_be_left_as_it_is(line: str) -> None:
    began = time.perf_counter()
    assert [block.text for block in read_blocks(line)] == [line.strip()]
    assert time.perf_counter() - began < 2
