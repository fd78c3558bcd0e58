"""What votes say: wins, ties and intervals, and which blend they choose. Pure.

A share is that of the rival among the votes that saw a difference (ties are left out, as in the sign test: Dixon and
Mood 1946), its interval Wilson's score interval (1927), which holds where votes are few and shares extreme.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from model_server.contract import Blend
from training.likeness.shares import wilson
from training.votes.ballots import OWNER, Ballot, Round, Vote

FEWEST = 10
"""Decided votes below which nothing is chosen: so few leave even Wilson's interval too narrow (4 of 4 would do)."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes of one round. `voters`: people who voted; `guests`: votes that are not the owner's."""

    round: Round
    ours: int
    rival: int
    same: int
    guests: int
    voters: int
    open: int
    """Ballots on which the owner has not voted."""

    @property
    def decided(self) -> int:
        """Votes that saw a difference."""
        return self.ours + self.rival

    @property
    def share(self) -> float | None:
        """How often the rival was picked; None without a decided vote."""
        return self.rival / self.decided if self.decided else None

    @property
    def ci(self) -> tuple[float, float] | None:
        """95 % interval of `share`."""
        return wilson(self.rival, self.decided) if self.decided else None

    @property
    def winner(self) -> str:
        """`rival` or `ours` when there are votes enough and the interval excludes one half, else ""."""
        if self.ci is None or self.decided < FEWEST or self.ci[0] <= 0.5 <= self.ci[1]:
            return ""
        return "rival" if self.ci[0] > 0.5 else "ours"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which blend the votes choose (None: not decided, `more` votes at the present share would; None: no number)."""

    blend: Blend | None
    tally: Tally
    more: int | None = None


def more_votes(wins: int, trials: int) -> int | None:
    """How many more decided votes would exclude one half if the share stayed what it is; None when none would."""
    if not trials:
        return FEWEST
    share = wins / trials
    for total in range(max(trials + 1, FEWEST), _MOST):
        low, high = wilson(share * total, total)
        if not low <= 0.5 <= high:
            return total - trials
    return None


def tally(rounds: Iterable[Round], ballots: Sequence[Ballot], votes: Sequence[Vote]) -> list[Tally]:
    """Every round, the newest of each contact type first."""
    found = []
    for one in sorted(rounds, key=lambda one: (one.contact_type, -one.at_ms, one.round_id)):
        mine = [vote for vote in votes if vote.round_id == one.round_id and vote.picked != "skip"]
        picked = Counter(vote.picked for vote in mine)
        seen = {vote.ballot_id for vote in votes if vote.voter == OWNER}
        found.append(
            Tally(
                one,
                picked["ours"],
                picked["rival"],
                picked["same"],
                guests=sum(vote.voter != OWNER for vote in mine),
                voters=len({vote.voter for vote in mine}),
                open=sum(each.round_id == one.round_id and each.ballot_id not in seen for each in ballots),
            )
        )
    return found


def is_current(one: Round, ours: Blend, live: Mapping[str, str]) -> bool:
    """Whether a round is about the blend that speaks now, and facets that are live."""
    return one.ours == ours and all(live.get(name) == version for name, version in one.versions.items())


def choose_blend(tallies: Collection[Tally]) -> Verdict | None:
    """What the votes on one contact type's blend in force choose; None when no other blend was put beside it.

    A rival that wins is chosen, the surest of several; the blend in force only once it has won against each.
    """
    rivals = [one for one in tallies if one.round.rival is not None]
    if not rivals:
        return None
    won = [one for one in rivals if one.winner == "rival"]
    if won:
        best = max(won, key=lambda one: one.ci or (0.0, 0.0))
        return Verdict(best.round.rival, best)
    undecided = [one for one in rivals if not one.winner]
    if not undecided:
        return Verdict(rivals[0].round.ours, max(rivals, key=lambda one: one.decided))
    nearest = max(undecided, key=lambda one: one.decided)
    return Verdict(None, nearest, more_votes(nearest.rival, nearest.decided))
