"""What is proposed to the owner, on disk: contact types, unions of contacts, and who he said are two people.

Proposals are found anew by every import; what he took apart stays. Knows no text of anybody.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import product

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.contacts import Contact, find_contact
from training.people.merging import Union
from training.people.proposing import Proposal
from training.private_file import replace_file


class Proposals(msgspec.Struct, frozen=True):
    """The whole file. `apart`: pairs of ids of which the owner said that they are two people."""

    types: tuple[Proposal, ...] = ()
    unions: tuple[Union, ...] = ()
    apart: tuple[tuple[str, str], ...] = ()

    @property
    def apart_pairs(self) -> frozenset[frozenset[str]]:
        """As `merge_people` takes them."""
        return frozenset(frozenset(pair) for pair in self.apart)

    def of(self, contact: Contact) -> Proposal:
        """What is proposed for a contact; of several since he was merged, the surest, with the lines of all."""
        found = [one for one in self.types if one.contact in contact.ids]
        best = max(
            found, key=lambda one: one.score, default=Proposal(contact.ids[0] if contact.ids else "", "", 0.0, ())
        )
        return msgspec.structs.replace(
            best, lines=sum(one.lines for one in found), replies=sum(one.replies for one in found)
        )

    def open_unions(self, contacts: Sequence[Contact]) -> list[tuple[Contact, Contact, Union]]:
        """Those of two contacts that are there and still two, and that the owner did not say are two people."""
        of_id = {one: contact for contact in contacts for one in contact.ids}
        apart = self.apart_pairs
        found = []
        for union in self.unions:
            a, b = of_id.get(union.a), of_id.get(union.b)
            if a and b and a is not b and not any(frozenset(pair) in apart for pair in product(a.ids, b.ids)):
                found.append((a, b, union))
        return found


def read_proposals(home: Home) -> Proposals:
    """Empty when nothing was imported yet. CorpusError when the file is damaged."""
    path = home.proposals_file
    if not path.exists():
        return Proposals()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Proposals)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} is damaged: {error}", "move it away and import the exports again") from None


def write_proposals(home: Home, proposals: Proposals) -> None:
    """Replace the file. Who calls holds the raw store (`only_one`) since before it read: an import renews the file."""
    replace_file(home.proposals_file, msgspec.json.format(msgspec.json.encode(proposals), indent=1) + b"\n")


def renew_proposals(home: Home, types: Sequence[Proposal], unions: Sequence[Union]) -> None:
    """What an import found, in place of what the last one found; what the owner took apart stays."""
    write_proposals(home, Proposals(tuple(types), tuple(unions), read_proposals(home).apart))


def kept_apart(proposals: Proposals, a: Iterable[str], b: Iterable[str]) -> Proposals:
    """The same, with every id of `a` said to be somebody else than every id of `b`."""
    pairs = {tuple(sorted(pair)) for pair in (*proposals.apart, *product(a, b))}
    return msgspec.structs.replace(proposals, apart=tuple(sorted((one, other) for one, other in pairs)))


def joined_again(proposals: Proposals, ids: Collection[str]) -> Proposals:
    """The same, with nothing between these ids said to be apart: the owner says that they are one person."""
    left = tuple(pair for pair in proposals.apart if not set(pair) <= set(ids))
    return msgspec.structs.replace(proposals, apart=left)


def accepted(
    contacts: Sequence[Contact], proposals: Proposals, names: Collection[str] | None, min_score: float
) -> list[Contact]:
    """Contacts with the proposed types: of those named, else of all without a type whose proposal is sure enough.

    CorpusError when somebody named is not one contact, or nothing is proposed for him.
    """
    chosen = [find_contact(list(contacts), name) for name in names or ()]
    for one in chosen:
        if not proposals.of(one).type:
            raise CorpusError(f"no type is proposed for {one.name!r}", "say it: selfsame contacts set NAME TYPE")

    def edited(one: Contact) -> Contact:
        found = proposals.of(one)
        taken = one in chosen if names else not one.type and found.type and found.score >= min_score
        return msgspec.structs.replace(one, type=found.type) if taken else one

    return [edited(one) for one in contacts]
