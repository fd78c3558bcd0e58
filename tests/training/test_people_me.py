"""Who the owner is: told, confirmed, said by a file, or shown by evidence; and what is asked where it is not."""

from hypothesis import given, settings
from hypothesis import strategies as st

from training.people.facts import ChatFacts
from training.people.me import Me, find_me

from .people import chat, person

NOBODY = frozenset[str]()


def find(*chats: ChatFacts, people: tuple[object, ...] = (), told: tuple[str, ...] = (), **more: object) -> Me:
    known = more.get("known", NOBODY)
    assert isinstance(known, frozenset)
    return find_me(chats, people, told, known, str(more.get("owner_name", "")))  # type: ignore[arg-type]


class TestWhatTheFileSays:
    def test_should_be_taken_as_it_is(self) -> None:
        me = find(chat("telegram:u2", {"u1": 5, "u2": 5}, contact="telegram:u2", owners=("telegram:u1",)))
        assert me.settled() == {"telegram:u2": "telegram:u1"}
        assert me.ids == {"telegram:u1"}
        assert not me.questions

    def test_should_hold_in_groups_and_where_the_owner_is_silent(self) -> None:
        own = ("telegram:u1",)
        me = find(
            chat("telegram:g1", {"u1": 2, "u3": 9}, kind="group", owners=own),
            chat("telegram:u4", {"u4": 3}, owners=own),
        )
        assert me.settled() == {"telegram:g1": "telegram:u1", "telegram:u4": "telegram:u1"}

    def test_should_tell_of_another_file_of_the_same_platform(self) -> None:
        me = find(
            chat("telegram:u2", {"u1": 5, "u2": 5}, owners=("telegram:u1",)), chat("telegram:u3", {"u1": 1, "u3": 5})
        )
        assert me.settled()["telegram:u3"] == "telegram:u1"

    def test_should_be_doubted_when_it_names_the_contact(self) -> None:
        me = find(chat("wechat:friend", {"me": 4, "friend": 4}, contact="wechat:friend", owners=("wechat:friend",)))
        assert me.settled() == {}
        assert me.accepted().settled() == {"wechat:friend": "wechat:me"}
        assert [one.doubt for one in me.questions] == ["swapped"]
        assert "though the file says otherwise" in me.questions[0].in_words()

    def test_should_be_doubted_when_one_file_of_three_contradicts_the_others(self) -> None:
        files = [chat(f"wechat:c{n}", {"me": 4, f"c{n}": 4}, owners=("wechat:me",)) for n in range(2)]
        me = find(*files, chat("wechat:c9", {"me": 4, "c9": 4}, owners=("wechat:c9",)))
        assert me.settled() == {"wechat:c0": "wechat:me", "wechat:c1": "wechat:me"}
        assert me.accepted().owner_of["wechat:c9"] == "wechat:me"

    def test_should_be_doubted_when_every_file_is_swapped(self) -> None:
        me = find(*(chat(f"wechat:c{n}", {"me": 4, f"c{n}": 4}, owners=(f"wechat:c{n}",)) for n in range(3)))
        assert (me.settled(), len(me.questions)) == ({}, 1)
        assert set(me.accepted().settled().values()) == {"wechat:me"}

    def test_should_be_doubted_when_the_other_is_called_as_the_owner(self) -> None:
        people = (person("wechat:a", "妈妈"), person("wechat:b", "林小满"))
        me = find(chat("wechat:x", {"a": 3, "b": 3}, owners=("wechat:a",)), people=people, owner_name="林小满")
        assert me.accepted().settled() == {"wechat:x": "wechat:b"}
        assert me.settled() == {}

    def test_should_be_taken_when_the_owner_confirmed_it_before(self) -> None:
        swapped = chat("wechat:c", {"me": 4, "c": 4}, contact="wechat:c", owners=("wechat:c",))
        assert find(swapped, known=frozenset(["wechat:me"])).settled() == {"wechat:c": "wechat:me"}


class TestSeveralIdsOfTheOwner:
    """The same chat by two exporters, or before and after he changed his name: all of them are he."""

    def test_should_all_be_known_where_files_name_them(self) -> None:
        one = chat(
            "wechat:c", {"me": 2, "wxid_1": 5, "c": 6}, contact="wechat:c", owners=("wechat:me", "wechat:wxid_1")
        )
        me = find(one)
        assert me.settled() == {"wechat:c": "wechat:wxid_1"}
        assert me.ids == {"wechat:me", "wechat:wxid_1"}

    def test_should_be_known_by_the_name_where_one_file_names_none(self) -> None:
        one = chat("wechat:c", {"Robin": 2, "wxid_1": 5, "c": 6, "d": 1}, contact="wechat:c", owners=("wechat:wxid_1",))
        assert find(one, people=(person("wechat:wxid_1", "Robin"),)).ids == {"wechat:Robin", "wechat:wxid_1"}

    def test_should_be_asked_where_every_writer_is_called_the_owner(self) -> None:
        me = find(chat("wechat:c", {"a": 2, "b": 5}, owners=("wechat:a", "wechat:b")))
        assert me.settled() == {}
        assert [one.doubt for one in me.questions] == ["swapped"]

    def test_should_not_take_a_namesake_in_a_group(self) -> None:
        group = chat("discord:g", {"1": 2, "2": 5}, kind="group", owners=("discord:1",))
        assert find(group, people=(person("discord:1", "Kim"), person("discord:2", "Kim"))).ids == {"discord:1"}

    def test_should_all_be_known_opposite_a_contact(self) -> None:
        files = (
            chat("line:Ken", {"Nell": 5, "Nell Hart": 9, "Ken": 8}, contact="line:Ken"),
            chat("line:g", {"Nell": 3, "Nell Hart": 2, "June": 7}, kind="group"),
        )
        me = find(*files)
        assert (me.settled(), me.ids) == ({}, NOBODY)
        assert "Nell Hart (line:Nell Hart), also called Nell" in me.questions[0].in_words()
        his = {"line:Nell", "line:Nell Hart"}
        assert me.accepted().ids == his
        assert find(*files, known=frozenset(his)).settled() == {"line:Ken": "line:Nell Hart", "line:g": "line:Nell"}


class TestTheExportsOfTwoPeopleInOneFolder:
    """Both files name their owner rightly: the words of the other must not be learned as the owner's."""

    FILES = (
        chat("telegram:ruth", {"tilda": 5, "ruth": 5}, contact="telegram:ruth", owners=("telegram:tilda",)),
        chat("telegram:mum", {"tilda": 5, "mum": 5}, contact="telegram:mum", owners=("telegram:tilda",)),
        chat("telegram:tilda", {"tilda": 5, "ruth": 5}, contact="telegram:tilda", owners=("telegram:ruth",)),
        chat("telegram:boss", {"ruth": 5, "boss": 5}, contact="telegram:boss", owners=("telegram:ruth",)),
        chat("telegram:g", {"ruth": 9, "tilda": 5}, kind="group", owners=("telegram:tilda", "telegram:ruth")),
    )

    def test_should_be_asked_about_and_never_guessed(self) -> None:
        me = find(*self.FILES).accepted()
        assert (me.settled(), me.ids) == ({}, NOBODY)
        assert [(one.doubt, len(one.chats)) for one in me.questions] == [("contested", 5)]
        assert "ruth (telegram:ruth) and tilda (telegram:tilda); which of them are you?" in me.questions[0].in_words()

    def test_should_be_told_apart_by_what_is_known_of_the_owner(self) -> None:
        for me in (
            find(*self.FILES, told=("tilda",)),
            find(*self.FILES, known=frozenset(["telegram:tilda"])),
            find(*self.FILES, owner_name="Tilda"),
        ):
            assert me.ids == {"telegram:tilda"}
            assert set(me.settled()) == {"telegram:ruth", "telegram:mum", "telegram:g"}
            assert me.foreign == {"telegram:tilda", "telegram:boss"}
            assert not me.questions

    def test_should_both_be_the_owners_when_he_says_so(self) -> None:
        me = find(*self.FILES, told=("tilda", "ruth"))
        assert me.ids == {"telegram:tilda", "telegram:ruth"}
        assert not me.foreign


class TestWhatTheOwnerTells:
    def test_should_win_over_the_file(self) -> None:
        one = chat("wechat:x", {"a": 3, "b": 3}, owners=("wechat:a",))
        for told in ("wechat:b", "b", "林 小满"):
            assert find(one, people=(person("wechat:b", "林 小满"),), told=(told,)).settled() == {
                "wechat:x": "wechat:b"
            }

    def test_should_correct_what_he_confirmed_by_mistake(self) -> None:
        files = (chat("line:x", {"ken": 3, "tilda": 3}), chat("line:g", {"ken": 5, "mo": 5}, kind="group"))
        assert find(*files, known=frozenset(["line:ken"])).ids == {"line:ken"}
        me = find(*files, known=frozenset(["line:ken"]), told=("tilda",))
        assert me.ids == {"line:tilda"}
        assert me.settled() == {"line:x": "line:tilda", "line:g": ""}

    def test_should_be_a_name_a_number_or_several(self) -> None:
        files = [chat("whatsapp:Mum", {"T": 1, "Mum": 1}), chat("discord:7", {"8": 1, "7": 1})]
        people = (person("whatsapp:T", handles=("+12025550101",)), person("discord:8", "tilda_v"))
        me = find(*files, people=people, told=("+12025550101", "Tilda_V"))
        assert me.settled() == {"whatsapp:Mum": "whatsapp:T", "discord:7": "discord:8"}

    def test_should_not_make_an_owner_of_a_namesake_where_the_files_say_who_he_is(self) -> None:
        own = ("telegram:u1",)
        files = [chat(f"telegram:u{n}", {"u1": 5, f"u{n}": 5}, owners=own) for n in (2, 3)]
        people = (person("telegram:u3", "Alex"), person("whatsapp:Alex"))
        me = find(*files, chat("whatsapp:Bo", {"Alex": 1, "Bo": 1}), people=people, told=("Alex",))
        assert me.settled() == {
            "telegram:u2": "telegram:u1",
            "telegram:u3": "telegram:u1",
            "whatsapp:Bo": "whatsapp:Alex",
        }

    def test_should_never_give_the_lines_of_a_namesake_who_is_a_contact_to_the_owner(self) -> None:
        alone = [chat("whatsapp:Robin", {"Robin": 9}, contact="whatsapp:Robin"), chat("whatsapp:June", {"Robin": 4})]
        assert find(*alone, told=("Robin",)).settled() == {"whatsapp:Robin": "", "whatsapp:June": "whatsapp:Robin"}
        people = (person("telegram:1", "Robin"), person("telegram:5", "Robin"))
        files = (
            chat("telegram:5", {"1": 3, "5": 4}, contact="telegram:5", owners=("telegram:1",)),
            chat("telegram:g", {"5": 9, "7": 3}, kind="group"),
        )
        assert find(*files, people=people, told=("Robin",)).ids == {"telegram:1"}

    def test_should_be_asked_again_when_nobody_is_called_so(self) -> None:
        me = find(chat("telegram:u2", {"u1": 5, "u2": 5}, owners=("telegram:u1",)), told=("Tlida",))
        assert me.settled()
        assert [one.in_words() for one in me.accepted().questions] == ["nobody who writes is called 'Tlida'"]

    def test_should_be_asked_again_when_two_in_one_chat_are_called_so(self) -> None:
        people = (person("line:a", "Kim"), person("line:b", "Kim"))
        me = find(chat("line:x", {"a": 2, "b": 3}), people=people, told=("Kim",))
        assert (me.owner_of, me.questions[0].doubt) == ({}, "undecided")
        assert {one.id for one in me.questions[0].candidates} == {"line:a", "line:b"}


class TestEvidence:
    def test_should_find_who_writes_in_every_personal_chat_and_ask_once(self) -> None:
        me = find(*(chat(f"whatsapp:C{n}", {"Tilda": 2, f"C{n}": 9}) for n in range(4)))
        assert (me.settled(), len(me.questions)) == ({}, 1)
        assert set(me.owner_of.values()) == {"whatsapp:Tilda"}
        assert "writes in 4 personal chats" in me.questions[0].in_words()
        assert len(me.questions[0].sources) == 4
        assert "--yes" in me.questions[0].hint

    def test_should_find_the_other_side_of_a_known_contact(self) -> None:
        me = find(chat("telegram:u2", {"u1": 5, "u2": 5}, contact="telegram:u2"))
        assert (me.settled(), me.accepted().settled()) == ({}, {"telegram:u2": "telegram:u1"})

    def test_should_find_the_other_side_of_whom_the_chat_is_called_after(self) -> None:
        assert (
            find(chat("whatsapp:Bo", {"Ann": 5, "Bo": 5}, name="Bo")).accepted().settled()["whatsapp:Bo"]
            == "whatsapp:Ann"
        )

    def test_should_find_the_other_side_of_a_relative(self) -> None:
        assert find(chat("line:x", {"小满": 5, "妈妈": 5})).accepted().settled() == {"line:x": "line:小满"}

    def test_should_follow_a_name_or_a_number_from_platform_to_platform(self) -> None:
        people = (
            person("telegram:u1", "Tilda Varn", handles=("+12025550101",)),
            person("line:q", "Tilda  VARN"),
            person("signal:9", "T", handles=("+12025550101",)),
        )
        own = chat("telegram:u2", {"u1": 5, "u2": 5}, owners=("telegram:u1",))
        me = find(own, chat("line:a", {"q": 1, "r": 1}), chat("signal:8", {"8": 1, "9": 1}), people=people).accepted()
        assert (me.owner_of["line:a"], me.owner_of["signal:8"]) == ("line:q", "signal:9")

    def test_should_let_guesses_of_one_platform_help_another(self) -> None:
        files = [chat(f"whatsapp:C{n}", {"Tilda": 2, f"C{n}": 9}) for n in range(2)]
        me = find(*files, chat("line:a", {"Tilda": 1, "r": 1})).accepted()
        assert me.owner_of["line:a"] == "line:Tilda"

    def test_should_leave_groups_in_which_the_owner_only_reads(self) -> None:
        files = [chat(f"whatsapp:C{n}", {"Tilda": 2, f"C{n}": 9}) for n in range(2)]
        me = find(*files, chat("whatsapp:g", {"a": 4, "b": 4}, kind="group"))
        assert me.owner_of["whatsapp:g"] == ""
        assert not me.accepted().questions

    def test_should_not_guess_where_nothing_speaks_for_anybody(self) -> None:
        me = find(chat("line:x", {"a": 2, "b": 3}), chat("line:g", {"c": 2, "d": 3, "e": 1}, kind="group"))
        assert me.owner_of == {}
        assert [one.doubt for one in me.accepted().questions] == ["undecided"]
        assert "--me" in me.questions[0].hint

    def test_should_ask_nothing_where_only_the_contact_wrote(self) -> None:
        assert find(chat("telegram:u2", {"u2": 5}, contact="telegram:u2")).settled() == {"telegram:u2": ""}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.booleans(), st.booleans()), min_size=2, max_size=12),
    st.randoms(use_true_random=False),
)
def test_should_never_take_a_contact_for_the_owner_by_evidence(
    written: list[tuple[int, int, bool, bool]], random: object
) -> None:
    """Two personal chats or more, whatever their files say or leave out, without names to go by."""
    files = [
        chat(
            f"line:c{n}",
            {"me": mine, **({f"c{n}": theirs} if theirs else {})},
            contact=f"line:c{n}" if named else "",
            owners=("line:me",) if says else (),
        )
        for n, (mine, theirs, named, says) in enumerate(written)
    ]
    shuffle = random.shuffle  # type: ignore[attr-defined]
    shuffle(files)
    me = find(*files)
    assert set(me.accepted().settled().values()) == {"line:me"}
    assert all(one == "line:me" for one in me.settled().values())
