"""Counts what a chaos run must not show. Pure: planned lines, what was sent and how turns ended, in; numbers, out.

`lost`: a line that was acknowledged and is neither in both bubbles that were shown nor visibly `unknown`. The scripted
engine never fails, so a dead letter counts as lost here.

`unexplained` keeps `unknown` from being an excuse. A send may be hidden only by a harm: its ledger said `sending`
in the moment a bot was stopped or killed (the arena looks while it is stopped), right before Redis was killed or right
after it was back, or the bot itself cut its send short at the lease. Every other `unknown` is a breach.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from bot.outcomes import ENDED
from tests.chaos.plan import Plan, read_bubble


class Sent(msgspec.Struct, frozen=True):
    """One call of the adapter's `send`, as it stood in the file, in the order of the file."""

    chat: str
    bubble_id: str
    text: str


class Verdict(msgspec.Struct, frozen=True):
    """The counts of one run."""

    lines: int
    not_taken: int
    """Never acknowledged although offered until the end."""
    lost: int
    answered_twice: int
    out_of_order: int
    without_notice: int
    """Bubbles shown before their chat's notice."""
    not_ended: int
    """Acknowledged lines that are in no outcome, or in two."""
    unknown: int
    """Lines whose turn ended `unknown`: shown to the owner."""
    unexplained: int
    """Bubbles called `unknown` (or turns, without any such bubble) that no harm can have hidden."""
    resent: int
    """Sends that the platform knew by their id and did not show again."""
    notices_again: int
    """Notices beyond a chat's first: only after one whose send was hidden."""
    turns: int

    @property
    def clean(self) -> bool:
        """Nothing that may not happen has happened."""
        wrong = (self.not_taken, self.lost, self.answered_twice, self.out_of_order, self.without_notice, self.not_ended)
        return not any(wrong) and not self.unexplained


def judge(
    plan: Plan,
    acked: Iterable[str],
    sent: Iterable[Sent],
    ended: Iterable[tuple[str, str]],
    *,
    dedupes: bool,
    hidden: Iterable[str] = (),
    at_risk: Iterable[str] = (),
) -> Verdict:
    """`ended`: each line of each outcome and its state. `dedupes`: the platform shows one bubble id once.

    `hidden`: the bubbles that the ledgers of `unknown` turns call `unknown`; the request id of such a turn without one.
    `at_risk`: the bubbles whose send a harm may have hidden.
    """
    everything = list(sent)
    shown = list({bubble.bubble_id: bubble for bubble in everything}.values()) if dedupes else everything
    position = {line.line_id: i for i, line in enumerate(plan.lines)}
    endings = list(ended)
    unknown = {line_id for line_id, state in endings if state == "unknown"}
    outcomes = Counter(line_id for line_id, state in endings if state in ENDED)
    times: Counter[tuple[str, str]] = Counter()
    newest: dict[str, tuple[int, str]] = defaultdict(lambda: (-1, ""))
    notices: Counter[str] = Counter()
    out_of_order = without_notice = 0
    for bubble in shown:
        part, line_ids = read_bubble(bubble.text)
        if part == "notice":
            notices[bubble.chat] += 1
            continue
        without_notice += notices[bubble.chat] == 0
        times.update((line_id, part) for line_id in line_ids)
        place = (position[line_ids[-1]], part)
        out_of_order += place <= newest[bubble.chat]
        newest[bubble.chat] = max(place, newest[bubble.chat])
    taken = set(acked)
    complete = {line_id for line_id, part in times if times[line_id, "first"] and times[line_id, "second"]}
    return Verdict(
        lines=len(plan.lines),
        not_taken=len(set(position) - taken),
        lost=len(taken - complete - unknown),
        answered_twice=len({line_id for (line_id, _), count in times.items() if count > 1}),
        out_of_order=out_of_order,
        without_notice=without_notice,
        not_ended=sum(outcomes[line_id] != 1 for line_id in taken),
        unknown=len(unknown),
        unexplained=len(set(hidden) - set(at_risk)),
        resent=len(everything) - len(shown),
        notices_again=sum(count - 1 for count in notices.values()),
        turns=len({read_bubble(bubble.text) for bubble in shown} - {("notice", ())}) // 2,
    )
