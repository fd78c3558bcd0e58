"""From the owner's acts to lessons: what is to be said, instead of what, to whom, and after which lines. Pure.

Scrubs every text by the rules of the corpus, joins what the owner wrote in one go, and leaves out whoever asked to be
forgotten and whatever was cut. Knows no tokenizer, no facet and no Redis.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from model_server.blends import CORE, BlendBook, in_force, resolve
from model_server.contract import Line
from model_server.corrections import Correction
from training.contacts import Contact
from training.conversations import Session
from training.cuts import Cut
from training.scrub.scrubber import Scrubber

_SAME_REPLY_MS = 3_600_000
"""Who goes on within this after his own last line, nothing having been said in between, goes on with his reply."""

_SOON_MS = 600_000
"""Exports tell when a reply left, which may be a little after the owner's act."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One act of the owner's as something to learn. All texts are scrubbed; one of the last two may be empty."""

    entry_id: str
    """Its place in the stream of corrections: the last entry that belongs to it."""
    at_ms: int
    chat_key: str
    contact_id: str
    contact_name: str
    contact_type: str
    lines: tuple[Line, ...]
    """Before the reply, oldest first; the last one is the contact's."""
    wanted: str
    """What the owner had said, or said himself; empty: this was not to be said."""
    unwanted: str
    """What was proposed instead; empty: nothing was, or it was as he wanted it."""
    approved: bool = False
    """He let a proposal pass: he may have written it otherwise."""

    def told(self, text: str) -> Session:
        """The conversation as it is learned from: `text` is the owner's reply, and nothing before it is learned."""
        heard = tuple(
            Line(line.line_id, "contact" if line.author == "contact" else "persona", line.text, line.at_ms)
            for line in self.lines
        )
        reply = Line(self.entry_id, "owner", text, self.at_ms)
        name, kind, who = self.contact_name, self.contact_type, self.contact_id
        return Session(self.chat_key, name, kind, (*heard, reply), contact_id=who)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What must not be learned. `excluded`: under every id; `forgotten`: answers `id in forgotten`; `cuts`: likewise
    under every id."""

    excluded: Collection[str] = frozenset()
    forgotten: Container[str] = frozenset()
    cuts: Sequence[Cut] = ()

    def holds(self, people: Iterable[str], at_ms: int) -> bool:
        """Whether something said at this moment, by or to these people and chats, is left out."""
        about = {*people} - {""}
        if any(one in self.excluded or one in self.forgotten for one in about):
            return True
        return any(cut.what in ("", *about) and cut.holds(at_ms) for cut in self.cuts)


@dataclass(slots=True)
class _Chat:
    """What is known of a chat while its acts are read: the lesson that further lines of the owner's would belong to."""

    lesson: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class LessonBook:
    """Everything lessons are made with."""

    scrubber: Scrubber
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    """By every id."""
    left_out: LeftOut = field(default_factory=LeftOut)

    def lessons(self, acts: Iterable[tuple[str, Correction]]) -> list[Lesson]:
        """The lessons of all acts, oldest first. An act that answers nobody's line teaches none."""
        found: list[Lesson] = []
        chats: dict[str, _Chat] = {}
        for entry_id, act in acts:
            ids = self.contacts[act.contact_id].ids if act.contact_id in self.contacts else (act.contact_id,)
            if self.left_out.holds((act.chat_key, *ids), act.at_ms):
                chats.pop(act.chat_key, None)
                continue
            before = chats.get(act.chat_key)
            if _goes_on(act) and before is not None and act.at_ms - before.at_ms < _SAME_REPLY_MS:
                lesson = found[before.lesson]
                said = self._clean(act.final, lesson.wanted)
                found[before.lesson] = replace(lesson, entry_id=entry_id, wanted=f"{lesson.wanted}\n{said}".strip())
                before.at_ms = act.at_ms
                continue
            chats.pop(act.chat_key, None)
            if (fresh := self._lesson(entry_id, act, ids)) is not None:
                found.append(fresh)
                if act.outcome in ("answered", "takeover"):
                    chats[act.chat_key] = _Chat(len(found) - 1, act.at_ms)
        return found

    def _lesson(self, entry_id: str, act: Correction, ids: Sequence[str]) -> Lesson | None:
        lines = list(act.lines)
        while act.outcome == "answered" and lines and lines[-1].author == "persona":
            lines.pop()  # on its way out when he was quicker: it stands in `proposed`
        lines = [line for line in lines if not self.left_out.holds((act.chat_key, *ids), line.at_ms)]
        if not lines or lines[-1].author != "contact":
            return None
        clean: list[Line] = []
        for line in lines:
            text = self._clean(line.text, clean[-1].text if clean else "")
            clean.append(Line(line.line_id, line.author, text, line.at_ms))
        wanted, unwanted = (self._clean(text, clean[-1].text) for text in (act.final, act.proposed))
        same = _words(wanted) == _words(unwanted)
        if not (wanted or unwanted):
            return None
        known = self.contacts.get(act.contact_id)
        return Lesson(
            entry_id=entry_id,
            at_ms=act.at_ms,
            chat_key=act.chat_key,
            contact_id=ids[0],
            contact_name=known.name if known else act.contact_name,
            contact_type=known.type if known and known.type else act.contact_type,
            lines=tuple(clean),
            wanted=wanted,
            unwanted="" if same else unwanted,
            approved=same,
        )

    def _clean(self, text: str, before: str) -> str:
        return self.scrubber.scrub(text, before).text.strip()


def _goes_on(act: Correction) -> bool:
    return act.outcome == "takeover" and bool(act.lines) and all(line.author == "owner" for line in act.lines)


def _words(text: str) -> list[str]:
    return text.split()


def as_conversations(lessons: Iterable[Lesson]) -> list[Session]:
    """What was taught, chat by chat and each line once: what stands in two lessons of one chat was said only once."""
    chats: dict[str, list[Lesson]] = {}
    for lesson in lessons:
        chats.setdefault(lesson.chat_key, []).append(lesson)
    found: list[Session] = []
    for taught in chats.values():
        said: set[str] = set()
        lines: dict[str, Line] = {}
        for lesson in taught:
            for line in lesson.told(lesson.wanted).lines:
                # a reply stands in the history of later lessons under another id, and bubble by bubble
                if line.author != "persona" or not said.issuperset(line.text.split("\n")):
                    lines.setdefault(line.line_id, line)
            said.update(lesson.wanted.split("\n"))
        last = taught[-1]
        name, kind = last.contact_name, last.contact_type
        found.append(Session(last.chat_key, name, kind, tuple(lines.values()), contact_id=last.contact_id))
    return found


def without_taught(sessions: Iterable[Session], lessons: Sequence[Lesson]) -> list[Session]:
    """The sessions in which none of these lessons was given: chats may have been imported since."""
    given: dict[str, list[int]] = {}
    for lesson in lessons:
        given.setdefault(lesson.contact_id, []).append(lesson.at_ms)
    return [
        one
        for one in sessions
        if not any(
            one.lines[0].at_ms - _SOON_MS <= at_ms <= one.lines[-1].at_ms + _SOON_MS
            for at_ms in given.get(one.contact_id, ())
        )
    ]


def learner_of(book: BlendBook, contact_type: str, contact_id: str, live: Collection[str]) -> str:
    """The facet that learns a lesson: that of the contact's type where it speaks to him, else `core`, else whichever
    speaks loudest to him; "" when none does."""
    speaking = in_force(resolve(book, contact_type, contact_id), live)
    for name in (contact_type, CORE):
        if speaking.get(name, 0.0) > 0:
            return name
    return max(speaking, key=lambda name: (speaking[name], name), default="")


def by_learner(lessons: Iterable[Lesson], book: BlendBook, live: Collection[str]) -> dict[str, list[Lesson]]:
    """The lessons of each facet, in their order."""
    found: dict[str, list[Lesson]] = {}
    for lesson in lessons:
        if name := learner_of(book, lesson.contact_type, lesson.contact_id, live):
            found.setdefault(name, []).append(lesson)
    return found
