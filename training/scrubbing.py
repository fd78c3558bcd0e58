"""The scrub stage: every raw line and article, without what must not be learnt, becomes the corpus.

The corpus is a function of the raw store and the rules: it grows where raw grew. It is written anew when the rules or
names have changed or lines were taken away; a chat alone when its owner is somebody else, an article when its words are
others. Each batch is one transaction with the place it reaches: a killed scrub goes on. Knows no detector, no export.
"""

import hashlib
import json
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import msgspec

from model_server.home import Home
from training.contacts import read_contacts
from training.corpus import RULES, SETTLED, Corpus, CorpusArticle, CorpusChat, CorpusLine
from training.dropping import drop_repeats
from training.old_corpus import remove_old_corpus
from training.raw.leaving import remove_leaving
from training.raw.secret_key import secret_key
from training.raw.store import RawChat, RawStore, StoredLine
from training.scrub import scrubber as rules_module
from training.scrub.config import ScrubConfig
from training.scrub.names import PersonName
from training.scrub_pool import Passage, Rules, ScrubPool, Scrubs, add_sample
from training.scrubbed import note_scrubbed
from training.taking_out import take_up

BUNDLE_LINES = 2_000
_CHAT = "chat "
"""Marks: up to which raw line a chat is scrubbed, and who was taken for its owner."""
_ARTICLE = "article "
"""Marks: a digest of what an article was when it was scrubbed."""
_MINE = "mine"
"""A mark: every id that was taken for the owner's."""

Told = Callable[[str, int, int], None]
"""Told how far a stage is, `scrub` or `repeats`: how many lines are done, and of how many."""


@dataclass(slots=True)
class ScrubReport:
    """What a scrub did, in numbers; `kinds` and `samples` are of the whole corpus."""

    lines: int = 0
    """Scrubbed this time."""
    changed: int = 0
    """Of those, lines that something was taken out of."""
    articles: int = 0
    undecided: int = 0
    """Chats left out because nobody knows who of them is the owner."""
    anew: bool = False
    """Something had changed, and the corpus was written from the beginning."""
    kinds: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[str]] = field(default_factory=dict)
    """Masked."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Lines of the whole corpus set aside, by reason."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Consecutive new lines of one chat."""

    chat: RawChat
    before: str
    lines: tuple[StoredLine, ...]


def scrub_all(home: Home, config: ScrubConfig, told: Told = lambda _stage, _done, _total: None) -> ScrubReport:
    """Bring the corpus up to what the raw store holds, and set aside what repeats itself.

    A forgetting that was cut off is completed by it. CorpusError when a store is damaged.
    """
    report = ScrubReport()
    take_up(home)
    with RawStore.open(home) as store, Corpus.open(home) as corpus:
        rules = read_rules(home, store, config)
        found = store.chats()
        chats = [chat for chat in found if chat.owner is not None]
        report.undecided = len(found) - len(chats)
        report.anew = _begin(corpus, _state(rules, store.generation()))
        _drop_changed(corpus, store, chats)
        reached = {key: seq for key, (seq, _) in _reached(corpus).items()}
        total = sum(store.count_after(chat.key, reached.get(chat.key, 0)) for chat in chats)
        with corpus.transaction():
            for chat in with_contacts(store, chats):
                corpus.put_chat(CorpusChat(chat.key, chat.kind, chat.name, chat.contact))
            corpus.put_counts("aside", store.asides())
        with ScrubPool.open(rules, total) as pool:
            stage = _Stage(store, corpus, pool, rules.key, report)
            stage.scrub_lines(chats, reached, lambda done: told("scrub", done, total))
            stage.scrub_articles()
        for (_, kind), count in corpus.counts("scrub").items():
            report.kinds[kind] += count
        report.samples = _samples(corpus)
        if not corpus.mark(SETTLED):
            drop_repeats(corpus, lambda done, of: told("repeats", done, of))
            with corpus.transaction():
                corpus.put_mark(SETTLED, secrets.token_hex(8))  # another one each time: what rests on it can tell
        note_scrubbed(home, corpus, rules)
        if chats:
            remove_old_corpus(home)
        report.dropped = Counter({reason: count for (_, reason), count in corpus.counts("dropped").items()})
    remove_leaving(home)
    return report


def read_rules(home: Home, store: RawStore, config: ScrubConfig) -> Rules:
    """The rules of this home: its configuration, the names of everybody but the owner, and its key."""
    names: list[PersonName] = []
    if config.names != "keep":
        owner = store.me()
        person_of: dict[str, str] = {}
        for contact in read_contacts(home):
            person_of |= dict.fromkeys(contact.ids, contact.ids[0] if contact.ids else "")
            names.append(PersonName(contact.name, contact.ids[0] if contact.ids else ""))
        names += [
            PersonName(person.name, person_of.get(person.id, person.id))
            for person in store.people()
            if person.id not in owner
        ]
    return Rules(config, tuple(names), secret_key(home))


def rules_of(home: Home, config: ScrubConfig) -> Rules:
    """The same for whoever scrubs what never was in the raw store. CorpusError when a store is damaged."""
    with RawStore.open(home) as store:
        return read_rules(home, store, config)


def with_contacts(store: RawStore, chats: Iterable[RawChat]) -> list[RawChat]:
    """The chats, personal ones with their contact: where no file says it, whoever else wrote most."""
    chats = list(chats)
    unsaid = {chat.key: chat for chat in chats if chat.kind == "personal" and not chat.contact}
    if not unsaid:
        return chats
    found: dict[str, str] = {}
    for facts in store.chat_facts():
        if chat := unsaid.get(facts.key):
            others = {person: count for person, count in facts.lines.items() if person != chat.owner}
            found[facts.key] = max(others, key=lambda person: others[person], default="")
    return [RawChat(chat.key, chat.kind, chat.name, found.get(chat.key, chat.contact), chat.owner) for chat in chats]


def _state(rules: Rules, generation: str) -> str:
    """A digest of all that decides what every scrubbed line is, the detectors' own source included."""
    digest = hashlib.blake2b(rules.key, digest_size=16)
    for path in sorted(Path(rules_module.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(msgspec.json.encode((rules.config, [(one.name, one.person) for one in rules.names], generation)))
    return digest.hexdigest()


def _begin(corpus: Corpus, state: str) -> bool:
    """Empty the corpus when the rules it was made by have changed; whether they have."""
    if corpus.mark(RULES) == state:
        return False
    anew = bool(corpus.mark(RULES))
    with corpus.transaction():
        corpus.clear()
        corpus.put_mark(RULES, state)
    return anew


def _drop_changed(corpus: Corpus, store: RawStore, chats: Iterable[RawChat]) -> None:
    """Take out what is scrubbed of chats in which somebody else is the owner now, or he has another id as well."""
    owners = {chat.key: chat.owner for chat in chats}
    mine = sorted(store.me())
    was = json.loads(corpus.mark(_MINE) or "[]")
    reached = _reached(corpus)
    affected = store.chats_of({*mine}.symmetric_difference(was)) if reached else set()
    with corpus.transaction():
        for key, (_, owner) in reached.items():
            if owners.get(key) != owner or key in affected:
                corpus.drop(key)
                corpus.put_mark(_CHAT + key, f"0 {owners.get(key) or ''}")
                corpus.put_mark(SETTLED, "")
        corpus.put_mark(_MINE, json.dumps(mine))


def _reached(corpus: Corpus) -> dict[str, tuple[int, str]]:
    """Chat key -> up to which raw line it is scrubbed, and who was taken for its owner."""
    marks = {key: mark.partition(" ") for key, mark in corpus.marks(_CHAT).items()}
    return {key: (int(seq), owner) for key, (seq, _, owner) in marks.items()}


@dataclass(frozen=True, slots=True)
class _Stage:
    """One scrub: from where, to where, with what."""

    store: RawStore
    corpus: Corpus
    pool: ScrubPool
    key: bytes
    report: ScrubReport

    def scrub_lines(self, chats: Iterable[RawChat], reached: Mapping[str, int], told: Callable[[int], None]) -> None:
        """Every line behind what is reached, bundle by bundle, each in one transaction with how far it reaches."""
        under_way: deque[list[_Batch]] = deque()

        def passages() -> Iterator[list[Passage]]:
            for bundle in _bundles(self.store, chats, reached):
                under_way.append(bundle)
                yield [Passage(batch.before, tuple(line.text for line in batch.lines)) for batch in bundle]

        for scrubs in self.pool.run(passages()):
            bundle = under_way.popleft()
            with self.corpus.transaction():
                for batch, texts in zip(bundle, scrubs.texts, strict=True):
                    self.corpus.put_lines(batch.chat.key, _corpus_lines(self.store, batch, texts))
                    self.corpus.put_mark(_CHAT + batch.chat.key, f"{batch.lines[-1].seq} {batch.chat.owner}")
                    self.report.lines += len(texts)
                self.corpus.put_mark(SETTLED, "")
                self._count(scrubs, [batch.chat.key for batch in bundle])
            told(self.report.lines)

    def scrub_articles(self) -> None:
        """Every article that is new, or has changed."""
        known = self.corpus.marks(_ARTICLE)
        for article in self.store.articles():
            raw = msgspec.json.encode((article.title, article.markdown, article.at_ms))
            digest = hashlib.blake2b(raw, digest_size=16, key=self.key).hexdigest()
            if known.get(article.key) == digest:
                continue
            (scrubs,) = self.pool.run([[Passage("", (article.title, article.markdown))]])
            ((title, markdown),) = scrubs.texts
            with self.corpus.transaction():
                self.corpus.drop(_ARTICLE + article.key)
                self.corpus.put_article(CorpusArticle(article.key, title, markdown, article.at_ms))
                self.corpus.put_mark(_ARTICLE + article.key, digest)
                self.corpus.put_mark(SETTLED, "")
                self._count(scrubs, [_ARTICLE + article.key])
            self.report.articles += 1

    def _count(self, scrubs: Scrubs, sources: Sequence[str]) -> None:
        """Add what was taken out of each passage to what the corpus counts of its chat or article."""
        self.report.changed += scrubs.changed
        counts: Counter[tuple[str, str]] = Counter()
        for source, kinds in zip(sources, scrubs.kinds, strict=True):
            counts.update({(source, kind): count for kind, count in kinds.items()})
        if not counts:
            return
        self.corpus.add_counts("scrub", counts)
        samples = _samples(self.corpus)
        for kind, found in scrubs.samples.items():
            for masked in found:
                add_sample(samples, kind, masked)
        self.corpus.put_mark("scrub_samples", json.dumps(samples, ensure_ascii=False))


def _bundles(store: RawStore, chats: Iterable[RawChat], reached: Mapping[str, int]) -> Iterator[list[_Batch]]:
    """New lines in bundles of about `BUNDLE_LINES`: small chats share one, a large chat fills many."""
    bundle: list[_Batch] = []
    room = BUNDLE_LINES
    for chat in chats:
        lines = store.lines_after(chat.key, reached.get(chat.key, 0))
        before = store.text_at(chat.key, reached.get(chat.key, 0))
        while taken := tuple(islice(lines, room)):
            bundle.append(_Batch(chat, before, taken))
            before = taken[-1].text
            room -= len(taken)
            if not room:
                yield bundle
                bundle, room = [], BUNDLE_LINES
    if bundle:
        yield bundle


def _corpus_lines(store: RawStore, batch: _Batch, texts: Iterable[str]) -> Iterator[CorpusLine]:
    """Raw lines with their scrubbed texts; in a group, an answer is addressed to whom it answers.

    The owner is whoever writes under an id of his, for exporters of one chat may call him differently.
    """
    mine = store.me() - {batch.chat.contact}
    group = batch.chat.kind == "group"
    for line, text in zip(batch.lines, texts, strict=True):
        to = line.to
        if group and not to and line.reply_to:
            to = store.sender_of(batch.chat.key, line.reply_to)
        yield CorpusLine(
            line_id=line.line_id,
            author="owner" if line.sender == batch.chat.owner or line.sender in mine else "contact",
            text=text,
            at_ms=line.at_ms,
            sender=line.sender,
            reply_to=line.reply_to,
            to=to,
            seq=line.seq,
        )


def _samples(corpus: Corpus) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(corpus.mark("scrub_samples") or "{}")
    return found
