"""Whom the owner means."""

from hypothesis import given
from hypothesis import strategies as st

from bot.contacts import Contact
from bot.owner.names import NotOne, People, Person, find_chat, find_person, find_whom, namesakes

ANN = Person(Contact("telegram:user1", "Ann Berg", "friend"), ("telegram:user1", "discord:11"), ("telegram:b1",))
ANNA = Person(Contact("telegram:user2", "Anna", "family"), ("telegram:user2",), ("telegram:b2", "discord:22"))
MUM = Person(Contact("telegram:user3", "Mum", "family"), ("telegram:user3",), ("telegram:b3",))
BO_1 = Person(Contact("telegram:user4", "Bo", "friend"), ("telegram:user4",))
BO_2 = Person(Contact("discord:55", "Bo", "stranger"), ("discord:55",), ("discord:555",))
PEOPLE = People(
    (ANN, ANNA, MUM, BO_1, BO_2),
    ("colleague", "family", "friend", "stranger"),
    ("telegram:b1", "telegram:b2", "discord:22", "telegram:b3", "discord:555", "telegram:-100_5"),
)


def test_should_find_a_person_by_any_id_name_or_the_beginning_of_one() -> None:
    for words in ("telegram:user1", "discord:11", "ann berg", " ANN  Berg ", "berg", "ann b"):
        assert find_person(PEOPLE, words) == ANN, words
    assert find_person(PEOPLE, "Anna") == ANNA, "a whole name goes before the beginning of another"
    assert find_person(PEOPLE, "telegram:b3") == MUM, "the chat of one person names that person"


def test_should_list_the_candidates_when_several_are_meant() -> None:
    for words, ids in (("an", ("telegram:user1", "telegram:user2")), ("bo", ("telegram:user4", "discord:55"))):
        found = find_person(PEOPLE, words)
        assert isinstance(found, NotOne)
        assert f"2 people match `{words}`" in found.what
        assert [one.split(": ", 1)[1] for one in found.candidates] == list(ids)


def test_should_suggest_a_name_that_is_close() -> None:
    found = find_person(PEOPLE, "mun")
    assert isinstance(found, NotOne)
    assert found.candidates == ("Mum (family): telegram:user3",)
    assert isinstance(find_person(PEOPLE, "zzz"), NotOne)
    assert isinstance(find_person(PEOPLE, "  "), NotOne), "no words name nobody"


def test_should_find_a_chat_by_its_key_or_its_only_person() -> None:
    assert find_chat(PEOPLE, "telegram:-100_5") == "telegram:-100_5"
    assert find_chat(PEOPLE, "mum") == "telegram:b3"
    assert find_chat(PEOPLE, "discord:55") == "discord:555", "an id names its only chat"
    several = find_chat(PEOPLE, "anna")
    assert isinstance(several, NotOne)
    assert several.candidates == ("telegram:b2", "discord:22")
    assert isinstance(find_chat(PEOPLE, "telegram:999"), NotOne)


def test_should_take_nobody_for_another_who_bears_the_name() -> None:
    """A stranger who calls himself Bo has a chat; the Bo whom the owner knows has none yet."""
    found = find_chat(PEOPLE, "Bo")
    assert isinstance(found, NotOne)
    assert found.candidates == ("Bo (friend): telegram:user4", "Bo (stranger): discord:55")
    alone = find_chat(PEOPLE, "telegram:user4")
    assert isinstance(alone, NotOne)
    assert alone.what == "no chat with Bo yet"


def test_should_tell_types_from_people() -> None:
    assert find_whom(PEOPLE, "Family") == ("type", "family")
    assert find_whom(PEOPLE, "mum") == ("contact", "telegram:user3")
    assert isinstance(find_whom(PEOPLE, "boss"), NotOne)
    both = People((*PEOPLE.persons, Person(Contact("x:1", "Family", "friend"), ("x:1",))), PEOPLE.types)
    found = find_whom(both, "family")
    assert found == ("type", "family"), "anybody may call himself like a type"
    assert [one.ids for one in namesakes(both, found)] == [("x:1",)]
    assert namesakes(both, ("contact", "x:1")) == ()


@given(st.text(max_size=20))
def test_should_never_name_somebody_whose_name_or_id_does_not_hold_the_words(words: str) -> None:
    found = find_person(PEOPLE, words)
    if isinstance(found, Person):
        wanted = " ".join(words.split()).casefold()
        assert any(wanted in one.casefold() for one in (found.contact.name, *found.ids, *found.chats))
