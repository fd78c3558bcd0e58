"""The scrub stage: every raw line and article, without what must not be learnt, becomes the corpus.

The corpus is a function of the raw store and the rules: it grows where raw grew, and is written anew when something
that went into it has changed (rules, names, who "me" is, lines taken away). Each batch is one transaction with the
place it reaches, so a killed scrub goes on where it was. Knows no detector and no export format.
"""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import msgspec

from model_server.home import Home
from training.contacts import read_contacts
from training.corpus import Corpus, CorpusArticle, CorpusChat, CorpusLine
from training.dropping import drop_repeats
from training.old_corpus import remove_old_corpus
from training.raw_store import RawChat, RawStore, StoredLine
from training.scrub import scrubber as rules_module
from training.scrub.config import ScrubConfig
from training.scrub.names import PersonName
from training.scrub_pool import Passage, Rules, ScrubPool, Scrubs, add_sample
from training.secret_key import secret_key

BUNDLE_LINES = 2_000
_SORTED = "repeats are set aside"
"""A mark of the corpus: nothing has come since they were."""

Told = Callable[[int, int], None]
"""Told how many lines are scrubbed, and of how many."""


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


def scrub_all(home: Home, config: ScrubConfig, told: Told = lambda _done, _total: None) -> ScrubReport:
    """Bring the corpus up to what the raw store holds, and set aside what repeats itself.

    CorpusError when a store is damaged.
    """
    report = ScrubReport()
    with RawStore.open(home) as store, Corpus.open(home) as corpus:
        rules = read_rules(home, store, config)
        found = store.chats()
        chats = [chat for chat in found if chat.owner is not None]
        report.undecided = len(found) - len(chats)
        state = _state(rules, store.generation(), store.me())
        report.anew = _begin(corpus, chats, state)
        reached = {key: seq for key, (seq, _) in _reached(corpus).items()}
        total = sum(store.count_after(chat.key, reached.get(chat.key, 0)) for chat in chats)
        with corpus.transaction():
            for chat in with_contacts(store, chats):
                corpus.put_chat(CorpusChat(chat.key, chat.kind, chat.name, chat.contact))
            corpus.put_counts("aside", store.asides())
        with ScrubPool.open(rules, total) as pool:
            stage = _Stage(store, corpus, pool, report)
            stage.scrub_lines(chats, reached, lambda done: told(done, total))
            stage.scrub_articles()
        report.kinds = Counter({kind: count for (_, kind), count in corpus.counts("scrub").items()})
        report.samples = _samples(corpus)
        if not corpus.mark(_SORTED):
            drop_repeats(corpus)
            with corpus.transaction():
                corpus.put_mark(_SORTED, "yes")
        if chats:
            remove_old_corpus(home)
        report.dropped = Counter({reason: count for (_, reason), count in corpus.counts("dropped").items()})
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


def _state(rules: Rules, generation: str, mine: Collection[str]) -> str:
    """A digest of all that decides what a scrubbed line is, the detectors' own source included."""
    digest = hashlib.blake2b(rules.key, digest_size=16)
    for path in sorted(Path(rules_module.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(
        msgspec.json.encode((rules.config, [(one.name, one.person) for one in rules.names], generation, sorted(mine)))
    )
    return digest.hexdigest()


def _begin(corpus: Corpus, chats: Iterable[RawChat], state: str) -> bool:
    """Empty the corpus when what it was made of has changed; whether it was."""
    owners = {chat.key: chat.owner for chat in chats}
    same_owners = all(owners.get(key) == owner for key, (_, owner) in _reached(corpus).items())
    if same_owners and corpus.mark("rules") == state:
        return False
    anew = bool(corpus.mark("rules"))
    with corpus.transaction():
        corpus.clear()
        corpus.put_mark("rules", state)
    return anew


def _reached(corpus: Corpus) -> dict[str, tuple[int, str]]:
    """Chat key -> up to which raw line it is scrubbed, and who was taken for its owner."""
    marks = {key: mark.partition(" ") for key, mark in corpus.marks("chat ").items()}
    return {key: (int(seq), owner) for key, (seq, _, owner) in marks.items()}


@dataclass(frozen=True, slots=True)
class _Stage:
    """One scrub: from where, to where, with what."""

    store: RawStore
    corpus: Corpus
    pool: ScrubPool
    report: ScrubReport

    def scrub_lines(self, chats: Iterable[RawChat], reached: Mapping[str, int], told: Callable[[int], None]) -> None:
        """Every line behind what is reached, bundle by bundle, each in one transaction with how far it reaches."""
        under_way: deque[list[_Batch]] = deque()

        def passages() -> Iterator[list[Passage]]:
            for bundle in _bundles(self.store, chats, reached):
                under_way.append(bundle)
                yield [Passage(batch.before, tuple(line.text for line in batch.lines)) for batch in bundle]

        for scrubs in self.pool.run(passages()):
            with self.corpus.transaction():
                for batch, texts in zip(under_way.popleft(), scrubs.texts, strict=True):
                    self.corpus.put_lines(batch.chat.key, _corpus_lines(self.store, batch, texts))
                    self.corpus.put_mark(f"chat {batch.chat.key}", f"{batch.lines[-1].seq} {batch.chat.owner}")
                    self.report.lines += len(texts)
                self.corpus.put_mark(_SORTED, "")
                self._count(scrubs)
            told(self.report.lines)

    def scrub_articles(self) -> None:
        """Every article that the corpus does not hold."""
        known = {article.key for article in self.corpus.articles()}
        for article in self.store.articles():
            if article.key not in known:
                (scrubs,) = self.pool.run([[Passage("", (article.title, article.markdown))]])
                ((title, markdown),) = scrubs.texts
                with self.corpus.transaction():
                    self.corpus.put_article(CorpusArticle(article.key, title, markdown, article.at_ms))
                    self._count(scrubs)
                self.report.articles += 1

    def _count(self, scrubs: Scrubs) -> None:
        """Add what was taken out to what the corpus counts."""
        self.report.changed += scrubs.changed
        if not scrubs.kinds:
            return
        counts = Counter(self.corpus.counts("scrub"))
        counts.update({("", kind): count for kind, count in scrubs.kinds.items()})
        self.corpus.put_counts("scrub", counts)
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
