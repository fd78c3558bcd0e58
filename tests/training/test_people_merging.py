"""One contact for one person: what is merged over files and platforms, what is only proposed, what is left apart."""

from collections.abc import Sequence

from training.contacts import Contact
from training.people.facts import ChatFacts, SenderFacts
from training.people.me import Me
from training.people.merging import GROUP_LINES, Union, merge_people

from .people import chat, person


def merge(
    chats: Sequence[ChatFacts], people: tuple[SenderFacts, ...] = (), known: tuple[Contact, ...] = (), **more: object
) -> tuple[list[Contact], list[Union]]:
    """Chats in which `platform:me` is the owner."""
    owner_of = {one.key: f"{one.platform}:me" for one in chats}
    apart = more.get("apart", ())
    return merge_people(known, chats, people, Me(owner_of, frozenset(owner_of), ()), apart)  # type: ignore[arg-type]


def talk(key: str, name: str = "") -> ChatFacts:
    """A personal chat with the person `key`."""
    return chat(key, {"me": 3, key.partition(":")[2]: 3}, contact=key, name=name)


def test_should_make_a_contact_of_each_personal_chat() -> None:
    contacts, unions = merge([talk("telegram:u2", "Bram"), talk("whatsapp:Mum")], (person("whatsapp:Mum"),))
    assert contacts == [Contact("Bram", ids=("telegram:u2",)), Contact("Mum", ids=("whatsapp:Mum",))]
    assert unions == []


def test_should_find_the_contact_where_no_file_names_it() -> None:
    contacts, _ = merge([chat("line:x", {"me": 3, "kim": 4}, name="Kim")], (person("line:kim", "Kim K"),))
    assert contacts == [Contact("Kim", ids=("line:kim", "line:x"))]


def test_should_never_give_the_owners_id_to_a_contact() -> None:
    contacts, _ = merge([chat("wechat:me", {"me": 3, "friend": 4}, contact="wechat:me")])
    assert contacts == [Contact("friend", ids=("wechat:friend",))]


def test_should_leave_out_who_turned_out_to_be_the_owner() -> None:
    known = (Contact("Robin", "", ("line:me",)), Contact("My other phone", "friend", ("line:me",)))
    assert merge([talk("line:kim")], known=known[:1])[0] == [Contact("kim", ids=("line:kim",))]
    assert merge([talk("line:kim")], known=known[1:])[0] == [known[1], Contact("kim", ids=("line:kim",))]


def test_should_change_nothing_when_imported_again() -> None:
    chats = [talk("telegram:u2", "Bram"), talk("whatsapp:Mum")]
    first, _ = merge(chats)
    typed = tuple(Contact(one.name, "friend", one.ids) for one in first)
    assert merge(chats, known=typed)[0] == list(typed)


def test_should_keep_what_the_owner_called_somebody_unless_it_was_a_number() -> None:
    known = (Contact("Big B", "friend", ("telegram:u2",)), Contact("+1 202-555-0101", "", ("telegram:u3",)))
    contacts, _ = merge([talk("telegram:u2", "Bram"), talk("telegram:u3", "Noor")], known=known)
    assert [(one.name, one.type) for one in contacts] == [("Big B", "friend"), ("Noor", "")]


class TestAcrossPlatforms:
    chats = (talk("telegram:u2", "Bram"), talk("whatsapp:+1 202-555-0101"), talk("line:9", "B"))
    phone = ("+12025550101",)

    def test_should_merge_the_same_number(self) -> None:
        people = (
            person("telegram:u2", "Bram", handles=self.phone),
            person("whatsapp:+1 202-555-0101", handles=self.phone),
        )
        contacts, unions = merge(self.chats, people)
        assert contacts[0] == Contact("Bram", ids=("telegram:u2", "whatsapp:+1 202-555-0101"))
        assert (len(contacts), unions) == (2, [])

    def test_should_not_join_two_of_one_platform_by_a_third(self) -> None:
        """A number that went from Anna to Bert, and an address book elsewhere that has both of hers."""
        two, three = "+12025550102", "+12025550103"
        people = (
            person("telegram:1", "Anna", handles=(two,)),
            person("telegram:2", "Bert", handles=(three,)),
            person("signal:3", "Annie", handles=(two, three)),
        )
        found, unions = merge([talk(one.id, one.name) for one in people], people)
        assert [one.ids for one in found] == [("telegram:1", "signal:3"), ("telegram:2",)]
        assert [(one.a, one.b) for one in unions] == [("telegram:2", "telegram:1")]

    def test_should_take_no_number_of_the_owner_for_a_sign(self) -> None:
        people = tuple(person(one, handles=self.phone) for one in ("telegram:u2", "line:9", "line:me"))
        assert len(merge(self.chats, people)[0]) == 3

    def test_should_only_propose_what_would_lose_a_type(self) -> None:
        known = (Contact("Bram", "friend", ("telegram:u2",)), Contact("B", "colleague", ("line:9",)))
        people = (person("telegram:u2", "Bram", handles=self.phone), person("line:9", "B", handles=self.phone))
        contacts, unions = merge(self.chats, people, known)
        assert contacts[:2] == list(known)
        assert [(one.a, one.b) for one in unions] == [("telegram:u2", "line:9")]
        assert unions[0].evidence == ("both have +1…01",)

    def test_should_merge_names_of_the_address_book(self) -> None:
        chats = [talk("telegram:u2", "Bram W"), talk("line:9", "bram  w")]
        people = (person("telegram:u2", "Bram W", saved=True), person("line:9", "bram  w", saved=True))
        assert merge(chats, people) == ([Contact("Bram W", ids=("telegram:u2", "line:9"))], [])

    def test_should_only_propose_names_that_people_chose_themselves(self) -> None:
        chats = [talk("telegram:u2", "Bram Wolf"), talk("line:9", "Bram Wolf"), talk("signal:4", "Bram")]
        contacts, unions = merge(chats, (person("telegram:u2", "Bram Wolf", saved=True),))
        assert len(contacts) == 3
        assert [(one.a, one.b, one.score) for one in unions] == [("telegram:u2", "line:9", 0.8)]

    def test_should_propose_names_that_an_exporter_wrote_without_spaces(self) -> None:
        contacts, unions = merge([talk("imessage:Tess Moor"), talk("signal:TessMoor")])
        assert len(contacts) == 2
        assert [(one.score, one.evidence) for one in unions] == [(0.8, ("Tess Moor and TessMoor read alike",))]

    def test_should_propose_a_first_name_for_a_full_one(self) -> None:
        _, unions = merge([talk("telegram:u2", "Bram Wolf"), talk("signal:4", "Bram")])
        assert unions == [Union("signal:4", "telegram:u2", 0.4, ("Bram may be short for Bram Wolf",))]

    def test_should_merge_nobody_of_one_name_on_one_platform(self) -> None:
        chats = [talk("telegram:u2", "Kim"), talk("telegram:u3", "Kim"), talk("line:9", "Kim")]
        people = tuple(person(one.key, "Kim", saved=True) for one in chats)
        contacts, unions = merge(chats, people)
        assert (len(contacts), len(unions)) == (3, 3)
        assert unions[-1].score < unions[0].score

    def test_should_leave_apart_what_the_owner_took_apart(self) -> None:
        people = (person("telegram:u2", "Bram", handles=self.phone), person("line:9", "Bram", handles=self.phone))
        apart = frozenset([frozenset(["telegram:u2", "line:9"])])
        contacts, unions = merge(self.chats, people, apart=apart)
        assert (len(contacts), unions) == (3, [])

    def test_should_merge_three_of_one_number_into_one(self) -> None:
        people = tuple(person(one.key, handles=self.phone) for one in self.chats)
        contacts, unions = merge(self.chats, people)
        assert [one.ids for one in contacts] == [("telegram:u2", "whatsapp:+1 202-555-0101", "line:9")]
        assert unions == []


class TestGroups:
    def group(self, **lines: int) -> ChatFacts:
        return chat("whatsapp:g", lines, kind="group", name="Pub")

    def test_should_give_contacts_for_those_who_write_much_or_are_saved(self) -> None:
        people = (person("whatsapp:Ann", saved=True), person("whatsapp:Cy", saved=False))
        contacts, _ = merge([self.group(me=4, Ann=1, Bo=GROUP_LINES, Cy=GROUP_LINES - 1)], people)
        assert [one.name for one in contacts] == ["Ann", "Bo"]

    def test_should_give_none_where_the_owner_only_reads(self) -> None:
        group = self.group(Bo=500)
        assert merge_people([], [group], [], Me({group.key: ""}, frozenset(), ()))[0] == []


def test_should_make_no_contacts_of_somebody_elses() -> None:
    boss = chat("telegram:boss", {"ruth": 1, "boss": 1}, contact="telegram:boss")
    assert merge_people([], [boss], [], Me({}, frozenset(), (), foreign=frozenset([boss.key]))) == ([], [])


def test_should_leave_out_chats_of_which_the_owner_is_not_known() -> None:
    undecided = chat("line:x", {"a": 3, "b": 3})
    assert merge_people([], [undecided], [], Me({}, frozenset(), ())) == ([], [])
