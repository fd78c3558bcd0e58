"""Forgets a contact: no byte of him stays in the raw store, the corpus, the contacts, the proposals or the picture.

His lines go, the owner's lines to him go, and his ids and distinctive names become a placeholder where others say them.
A name that is an ordinary word, or that somebody else bears too, is not his alone and stays. The corpus is made anew
from what is left. Keyed digests of his ids keep him out of later imports. A facet of his own goes at once; the others
know him until `selfsame train` has made them anew. What is taken out where is said in `training.taking_out`.
"""

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import Contact, find_contact, read_contacts
from training.mentions import Known
from training.people.facts import SenderFacts
from training.raw.leaving import Leaving, read_leaving, remove_leaving, write_leaving
from training.raw.lock import only_one
from training.raw.store import RawStore
from training.scrub.config import ScrubConfig
from training.scrubbing import Told, scrub_all
from training.taking_out import ForgetReport, take_up


def find_leaving(home: Home, named: str) -> Leaving:
    """Everything that is known of a contact. CorpusError when it is not one contact, or it is the owner himself.

    Whose forgetting was cut off is found by any name or id of his, though little may be left of him.
    """
    if (begun := read_leaving(home)) and begun.is_called(named):
        return begun
    with RawStore.open(home) as store:
        people = {person.id: person for person in store.people()}
        contact = _find(read_contacts(home), people, named)
        if store.me().intersection(contact.ids):
            raise CorpusError(
                f"{named!r} is you", "to forget everything, remove the folders raw and corpus of your home"
            )
        his = [people[one] for one in contact.ids if one in people]
        ids = frozenset(contact.ids)
        chats = [
            chat
            for chat in store.chat_facts()
            if chat.kind == "personal" and ids.intersection((chat.key, chat.contact, *chat.lines))
        ]
        names = [contact.name, *(person.name for person in his), *(chat.name for chat in chats)]
        handles = [handle for person in his for handle in person.handles]
        keys = tuple(chat.key for chat in chats)
    return Leaving(Known(contact.ids, tuple(handles), tuple(dict.fromkeys(filter(None, names)))), keys)


def forget(
    home: Home, leaving: Leaving, config: ScrubConfig, told: Told = lambda _stage, _done, _total: None
) -> ForgetReport:
    """Forget somebody. Cut off at any point, it is completed by repeating it, or by the next import or scrub.

    CorpusError when a store is damaged, or an import is at work.
    """
    with only_one(home):
        if read_leaving(home) != leaving:
            take_up(home)  # somebody else's, that was cut off
            write_leaving(home, leaving)
        report = take_up(home)
        if home.corpus_file.exists():
            scrub_all(home, config, told)  # and the forgetting is through
        else:
            remove_leaving(home)
    return report


def _find(contacts: list[Contact], people: dict[str, SenderFacts], named: str) -> Contact:
    """A contact, or whoever has this id: somebody of a group is no contact. CorpusError when nobody has."""
    if named in people and not any(named in contact.ids for contact in contacts):
        return Contact(people[named].name, ids=(named,))
    return find_contact(contacts, named)
