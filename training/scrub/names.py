"""Names of contacts, by the owner's policy: kept, replaced by a placeholder, or cut to initials.

Knows no contact but the names it is given, and no grammar: a name that is also a word (`May`, `Will`) counts only
where it is written like a name, inside a sentence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.scrub.context import word_set
from training.scrub.phrases import is_cjk

_RELATIONS = word_set(
    "mom mum mama mommy mummy dad daddy papa grandma grandpa granny nana gran oma opa mutti vati mami papi bro sis"
    " uncle aunt auntie boss babe honey darling the dr mr mrs ms miss prof work home office landlord"
)
_WORDS = word_set(
    "will may mark rose grace hope joy faith bill rob pat sue jack art dean grant chase hunter summer autumn april june"
    " august dawn eve ivy lily daisy olive penny ruby iris violet amber jade pearl sky star angel king bishop young"
    " long short brown white black green gray grey wood stone hill rivers lake field park page cook baker mason carter"
    " price rich love bright day sunday wolf fox bird rock ray jay max frank victor miles drew gene guy herb nick tony"
    " chip cliff dale earnest harry carol bella christian clay don sandy robin lance norm van so an and de la le von"
    " der den bin"
)
_COMPOUND_SURNAMES = word_set("欧阳 司马 上官 诸葛 慕容 皇甫 令狐 尉迟 夏侯 端木 歐陽 諸葛 司馬")
_NOT_NAMES = ("妈", "爸", "爷", "奶", "哥", "姐", "弟", "妹", "叔", "姨", "舅", "老师", "老板", "同学", "客服", "师傅")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name somebody goes by.

    `person`: the same for all names of one person (an id), so that they share a placeholder; "" stands for the name
    itself.
    """

    name: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class SpokenName:
    """One way to say a name. `word`: also an ordinary word, and a name only where it is written as one."""

    phrase: str
    initials: str
    word: bool = False


def spoken(name: str) -> Iterator[SpokenName]:
    """The ways in which people say a name: whole, the first name, the last; of a Chinese one also the given name."""
    name = " ".join(name.split())
    if is_cjk(name[:1]) and " " not in name:
        if len(name) < 2 or any(name.endswith(end) for end in _NOT_NAMES):
            return
        surname = name[:2] if name[:2] in _COMPOUND_SURNAMES else name[0]
        yield SpokenName(name, surname + "某")
        given = name[len(surname) :]
        if len(name) in (3, 4) and len(given) == 2 and given[0] != given[1]:
            yield SpokenName(given, "某某")
        return
    parts = [part for part in name.split(" ") if part[0].isalpha()]
    if not parts:
        return
    if len(parts) > 1:
        yield SpokenName(name, " ".join(f"{part[0].upper()}." for part in parts))
    for part in {parts[0], parts[-1]}:
        low = part.lower().strip(".,")
        if len(low) >= 2 and low not in _RELATIONS:
            yield SpokenName(part, f"{part[0].upper()}.", word=low in _WORDS or len(low) == 2)


def all_spoken(names: Sequence[PersonName]) -> dict[str, tuple[PersonName, SpokenName]]:
    """Every way to say one of these names; whose it is when several share one is the first's to be."""
    found: dict[str, tuple[PersonName, SpokenName]] = {}
    for name in names:
        for way in spoken(name.name):
            found.setdefault(way.phrase, (name, way))
    return found
