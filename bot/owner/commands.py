"""What the owner can say, as frozen types: the result of reading his words, not yet anything done.

Knows no text (`grammar.parse` makes these) and no name's meaning (`names` finds whom the words mean). Moments are
Unix ms, times of day minutes from midnight, days 0 (Monday) to 6.
"""

from dataclasses import dataclass
from typing import Literal

Autoreplies = Literal["off", "draft", "auto"]
DraftVerbs = Literal["send", "edit", "discard", "regenerate", "takeover"]


@dataclass(frozen=True, slots=True)
class InChat:
    """`in CHAT`: the words that name a chat."""

    words: str


@dataclass(frozen=True, slots=True)
class ForWhom:
    """`for CONTACT` or `for TYPE`: the words that name one."""

    words: str


Where = InChat | ForWhom


@dataclass(frozen=True, slots=True)
class Help:
    """`/help [command]`."""

    about: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """`/status`: what applies where, and why."""


@dataclass(frozen=True, slots=True)
class Autoreply:
    """`/autoreply draft for 2h in CHAT`. `until_ms` None: until further notice; `where` None: everywhere."""

    mode: Autoreplies | Literal["clear"]
    until_ms: int | None = None
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """`/pause [for 2h] [in CHAT]`. `until_ms` None: until resumed."""

    until_ms: int | None = None
    where: InChat | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """`/resume [in CHAT]`: no pause, no panic, no standing down."""

    where: InChat | None = None


@dataclass(frozen=True, slots=True)
class Panic:
    """`/panic`: nothing is sent any more."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """`/drafts`: those that wait."""


@dataclass(frozen=True, slots=True)
class DraftVerb:
    """`/send 17`. `text`: the new words, for `edit` only; empty: none were given yet."""

    verb: DraftVerbs
    no: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Contacts:
    """`/contact list`."""


@dataclass(frozen=True, slots=True)
class ContactShow:
    """`/contact show WHO`."""

    who: str


@dataclass(frozen=True, slots=True)
class ContactType:
    """`/contact type WHO TYPE`."""

    who: str
    type: str


@dataclass(frozen=True, slots=True)
class ContactName:
    """`/contact name WHO to NEW NAME`."""

    who: str
    name: str


@dataclass(frozen=True, slots=True)
class ContactMerge:
    """`/contact merge WHO into WHO`."""

    who: str
    into: str


@dataclass(frozen=True, slots=True)
class ContactBlock:
    """`/contact block WHO`, `/contact unblock WHO`."""

    who: str
    blocked: bool


@dataclass(frozen=True, slots=True)
class BlendShow:
    """`/blend [TYPE or CONTACT]`; None: of all."""

    of: str | None = None


@dataclass(frozen=True, slots=True)
class BlendSet:
    """`/blend TYPE core=0.5 family=0.5`. The weights are within bounds; that the facets exist is not looked at."""

    of: str
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class BlendClear:
    """`/blend clear TYPE`."""

    of: str


@dataclass(frozen=True, slots=True)
class Why:
    """`/why [CHAT]`; None: of the last reply anywhere."""

    chat: str | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """`/undo [CHAT]`; None: the last reply anywhere."""

    chat: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduleShow:
    """`/schedule`."""


@dataclass(frozen=True, slots=True)
class ScheduleAdd:
    """`/schedule add mon-fri 09:00-17:00 auto [for TYPE]`; an end at or before the start is on the next day."""

    days: tuple[int, ...]
    start_min: int
    end_min: int
    mode: Autoreplies | Literal["quiet"]
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class ScheduleRemove:
    """`/schedule remove 2`."""

    no: int


@dataclass(frozen=True, slots=True)
class ScheduleZone:
    """`/schedule zone Europe/Berlin`; the name is one that exists."""

    name: str


@dataclass(frozen=True, slots=True)
class Digest:
    """`/digest [24h]`; None: since the usual span."""

    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DigestDaily:
    """`/digest daily 08:00`; None: `/digest off`."""

    at_min: int | None


@dataclass(frozen=True, slots=True)
class Chats:
    """`/chats`: the chats there are, the newest first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`/pair CODE`."""

    code: str


@dataclass(frozen=True, slots=True)
class Unpair:
    """`/unpair`: this account is the owner's no longer."""


Command = (
    Help | Status | Autoreply | Pause | Resume | Panic | Drafts | DraftVerb
    | Contacts | ContactShow | ContactType | ContactName | ContactMerge | ContactBlock
    | BlendShow | BlendSet | BlendClear | Why | Undo
    | ScheduleShow | ScheduleAdd | ScheduleRemove | ScheduleZone
    | Digest | DigestDaily | Chats | Pair | Unpair
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """What is not clear, and what to say instead."""

    what: str
    hint: str
