"""Which comparisons are voted on: the blend that speaks to a contact type beside another, or beside the owner. Pure.

Knows blends, live facets and held-out lines; no model, and nothing of what is replied.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from model_server.blends import CORE, BlendBook, choose, in_force, resolve
from model_server.contract import Blend
from model_server.errors import ConfigError
from training.leaks.canaries import OWN
from training.likeness.prompts import Prompt, choose_prompts
from training.manifest import digest_of
from training.slices import Split, of_type
from training.votes.ballots import Round, line_digest, share_out

Against = Literal["default", "core", "owner", ""] | Blend
"""What the blend in force is put beside; "": half the lines another blend, half the owner."""


def ours_of(book: BlendBook, contact_type: str, live: Iterable[str]) -> Blend:
    """The blend that speaks to a contact type now, over the facets that are live."""
    return in_force(resolve(book, contact_type, ""), frozenset(live))


def plan(book: BlendBook, contact_type: str, live: Mapping[str, str], against: Against) -> list[Round]:
    """The rounds for one contact type. ConfigError when both blends of one would be the same, or of facets not live."""
    ours = ours_of(book, contact_type, live)
    if isinstance(against, dict):
        if others := [name for name in against if name.startswith(OWN)]:
            raise ConfigError(
                f"`{others[0]}` speaks to one contact alone", "leave it out of a blend for a contact type"
            )
        if unknown := sorted(against.keys() - live.keys()):
            raise ConfigError(
                f"no facet that is live is called `{unknown[0]}`", "`selfsame facets` lists those there are"
            )
        rivals: list[Blend | None] = [dict(against)]
    else:
        default = in_force(choose(BlendBook(book.defaults), contact_type, "").blend, live)
        other = {"default": [default], "core": [{CORE: 1.0}], "owner": [], "": [default, {CORE: 1.0}]}[against]
        different = [one for one in other if one != ours][:1]
        rivals = [*(different if against == "" else other), *([None] if against in ("owner", "") else [])]
    if ours in rivals:
        raise ConfigError(
            f"`{contact_type}` is answered by that very blend", "name another: --against core, owner or FACET=WEIGHT"
        )
    return [_round(book, contact_type, ours, rival, live) for rival in rivals]


def _round(book: BlendBook, contact_type: str, ours: Blend, rival: Blend | None, live: Mapping[str, str]) -> Round:
    versions = {name: live[name] for name in sorted({*ours, *(rival or ())})}
    own = sorted((who, sorted(blend.items())) for who, blend in {**book.fitted_contacts, **book.contacts}.items())
    sides = sorted(ours.items()), None if rival is None else sorted(rival.items())
    named = digest_of(contact_type, sides, versions, own if rival is None else [])
    return Round(named, contact_type, ours, rival, versions, time.time_ns() // 1_000_000)


def choose_lines(
    split: Split, book: BlendBook, rounds: Sequence[Round], kept: Sequence[Round], ballots: int
) -> list[list[Prompt]]:
    """Lines for each round, none that any round has asked before."""
    every = (*split.train, *split.validation, *split.held_out)
    done = {digest for one in kept for digest in one.asked}
    needs = [max(0, ballots - len(one.asked)) for one in rounds]

    def may(at: int, prompt: Prompt) -> bool:
        one = rounds[at]
        # to who has a blend of his own, the blend of his type is not spoken
        own = choose(book, one.contact_type, prompt.contact_id).scope == "contact"
        return one.contact_type == prompt.contact_type and (one.rival is None or not own)

    pool: list[Prompt] = []
    for name in sorted({one.contact_type for one in rounds}):
        sessions = of_type(split.held_out, name)
        wanted = sum(need for need, one in zip(needs, rounds, strict=True) if one.contact_type == name)
        found = choose_prompts(sessions, every, wanted + len(done)).get(name, [])
        pool += [prompt for prompt in found if line_digest(prompt) not in done]
    return share_out(pool, needs, may)
