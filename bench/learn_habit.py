"""Does a facet learn a habit from 40 corrections and keep its likeness? The sample owner, and marks she never sets.

    python -m bench.learn_habit [--json] [--mark shout | stop] [--type family] [--corrections 40] [--replies 40]
        [--facets FOLDER] [--temperature T]

`shout`: no exclamation marks (she hardly shouts anyway). `stop`: no full stop at the end, though all her chats with
the family have them: a habit that contradicts what was learned from. The corrections are what an owner would make of
real drafts: the clone answers lines it was trained on, the mark is taken out of a draft that has it, the others are
sent as they are. Where too few drafts have one, others are given one (`made up`). Then `selfsame learn` as it is: the
course, the held-out corrections, the leak audit, likeness on every held-out conversation the facet speaks in, the gate.
`share`: of replies to held-out lines, sampled as served, how many have the mark; `expected`: how many of its kind the
clone would have put into each of the owner's held-out replies, word by word (there is no luck of sampling in it).
`elsewhere`: nats per token on the held-out replies of the type, the marks themselves and the ends of sentences left
out. `--facets`: a folder of trained facets (one a folder) to begin from; without it they are trained first.
"""

import argparse
import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from model_server.blends import BlendBook, resolve
from model_server.config import read_document
from model_server.corrections import Correction
from model_server.facet_files import publish
from model_server.home import Home, find_home
from model_server.threads import settle_threads
from training.sample.install import HERE

if TYPE_CHECKING:
    from training.conversations import Session
    from training.likeness.generated import Generated
    from training.pipeline import Settings
    from training.whole_bank import WholeBank


@dataclass(frozen=True)
class Mark:
    """What the owner takes out. `seen`: where a text has it; `instead`: what stands there afterwards; `given`: the end
    of a text that is given one; `pieces`: pieces of words that are of its kind."""

    seen: re.Pattern[str]
    instead: str
    given: str
    pieces: str

    def stands_in(self, text: str) -> bool:
        """Whether there is one."""
        return self.seen.search(text) is not None

    def out_of(self, text: str) -> str:
        """The text without."""
        return self.seen.sub(self.instead, text).replace("..", ".")

    def into(self, text: str) -> str:
        """The text with one at its end."""
        return re.sub(r"[.,]?\s*$", self.given, text, count=1)


MARKS = {
    "shout": Mark(re.compile(r"\s*[!！]+"), ".", "!", "!"),
    "stop": Mark(re.compile(r"\.+(?=\s*$)", re.MULTILINE), "", ".", r"\."),
}
DRAFTS = 2
"""Drafts asked for, for each correction wanted."""


def main() -> None:
    parser = argparse.ArgumentParser(description="A habit learned from corrections.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mark", choices=sorted(MARKS), default="shout")
    parser.add_argument("--type", default="family")
    parser.add_argument("--corrections", type=int, default=40)
    parser.add_argument("--replies", type=int, default=40)
    parser.add_argument("--facets", type=Path)
    parser.add_argument("--temperature", type=float, help="of sampling, all words allowed; default: as served")
    parser.add_argument("--threads", type=int, default=0)
    chosen = parser.parse_args()
    threads = settle_threads(chosen.threads)
    with tempfile.TemporaryDirectory() as directory:
        home = Home(Path(directory)).create()
        home.models_dir.rmdir()
        home.models_dir.symlink_to(find_home().create().models_dir)  # the converted model outlives the bench
        settings = prepare(home, threads, chosen.facets)
        if chosen.temperature is not None:
            engine = msgspec.structs.replace(settings.engine, temperature=chosen.temperature, top_p=1.0)
            settings = replace(settings, engine=engine)
        result = measure(
            home, settings, MARKS[chosen.mark], chosen.type, wanted=chosen.corrections, replies=chosen.replies
        )
    if chosen.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:>16}: {value}")


def prepare(home: Home, threads: int, facets: Path | None) -> "Settings":
    """The sample corpus and its facets."""
    from training.contacts import read_types
    from training.facets.train_all import train_all
    from training.importing import ImportOptions, import_everything
    from training.pipeline import Settings

    options = replace(ImportOptions.of({}), types=read_types(HERE / "contacts.json"))
    import_everything([HERE / "result.json"], home, options)
    found = Settings.read(read_document(HERE / "config.toml"))
    settings = replace(found, training=msgspec.structs.replace(found.training, threads=threads))
    if facets is None:
        train_all(settings, home)
        return settings
    for contact_type in ("core", "family", "friend", "colleague", "stranger"):
        publish(home, contact_type, facets / contact_type)
    return settings


def measure(
    home: Home, settings: "Settings", mark: Mark, contact_type: str, *, wanted: int, replies: int
) -> dict[str, Any]:
    """Drafts, corrections, the learning, and the share of marks on both sides of it."""
    from training.learn.planning import plan_learning
    from training.learn.teaching import teach_all

    book = BlendBook(settings.blends)
    before = speak(home, settings, book, mark, contact_type, replies=replies, drafts=DRAFTS * wanted)
    acts, made_up = corrections(before.drafts, mark, contact_type, wanted)
    plans = plan_learning(home, settings.scrub, acts, book, wanted)
    started = time.monotonic()
    (taught,) = [one for one in teach_all(settings, home, plans, book) if one.facet == contact_type]
    seconds = time.monotonic() - started
    after = speak(home, settings, book, mark, contact_type, replies=replies, drafts=0)
    return {
        "type": contact_type,
        "corrections": sum(one.outcome == "edited" for _, one in acts),
        "made up": made_up,
        "sent as they are": sum(one.outcome == "sent" for _, one in acts),
        "replies": len(before.replies),
        "share before": share(mark, before.replies),
        "share after": share(mark, after.replies),
        "owner's share": share(mark, [one.real for one in before.drafts]),
        "expected before": before.marks,
        "expected after": after.marks,
        "elsewhere before": before.nats,
        "elsewhere after": after.nats,
        "words before": words(before.replies),
        "words after": words(after.replies),
        "learning s": round(seconds, 1),
        **msgspec.to_builtins(taught),
    }


@dataclass(frozen=True)
class Spoken:
    """Replies to held-out lines, drafts for lines of the training set, marks expected in a held-out reply, and nats per
    token of everything else in it."""

    replies: list[str]
    drafts: "list[Generated]"
    marks: float
    nats: float


def speak(
    home: Home, settings: "Settings", book: BlendBook, mark: Mark, contact_type: str, *, replies: int, drafts: int
) -> Spoken:
    """By the facets that are live now."""
    from training.likeness.generated import generate
    from training.likeness.prompts import choose_prompts
    from training.pipeline import read_split
    from training.slices import of_type
    from training.whole_bank import open_bank

    split = read_split(home, settings.training)
    whole = open_bank(settings, home)
    everything = [*split.train, *split.validation, *split.held_out]

    def answered(sessions: Sequence[Any], count: int) -> "list[Generated]":
        prompts = choose_prompts(of_type(sessions, contact_type), everything, count)
        blend_for = partial(resolve, book)
        return generate(whole, settings, prompts.get(contact_type, []), blend_for, kept=home.runs_dir / "drafts")

    held_out = [one.text for one in answered([*split.held_out, *split.validation], replies)]
    found = answered(split.train, drafts) if drafts else []
    blend = resolve(book, contact_type, "")
    figures = expected(whole, settings, mark, blend, of_type(split.held_out, contact_type))
    whole.bank.remove()
    return Spoken(held_out, found, *figures)


def expected(
    whole: "WholeBank", settings: "Settings", mark: Mark, blend: dict[str, float], sessions: "Sequence[Session]"
) -> tuple[float, float]:
    """Marks of this kind that a voice expects to put into each of the replies of these sessions, and what each of the
    other tokens costs it."""
    import torch

    from training.pipeline import rows_by_type

    tokenizer = whole.base.tokenizer
    vocabulary = tokenizer.get_vocab().items()
    marks, ends = ([at for piece, at in vocabulary if re.search(kind, piece)] for kind in (mark.pieces, "[!.]"))
    total, nats, others = 0.0, 0.0, 0
    with torch.no_grad(), whole.bank.using(blend):
        for row in [row for rows in rows_by_type(tokenizer, settings, sessions).values() for row in rows]:
            scores = whole.split.upper(whole.lower(row), row).float().log_softmax(-1)
            total += float(scores.exp()[:, marks].sum())
            targets = torch.tensor(row.targets)
            other = ~torch.isin(targets, torch.tensor(ends))
            nats -= float(scores.gather(1, targets[:, None])[:, 0][other].sum())
            others += int(other.sum())
    return round(total / sum(session.replies for session in sessions), 4), round(nats / others, 4)


def corrections(
    drafts: "Sequence[Generated]", mark: Mark, contact_type: str, wanted: int
) -> tuple[list[tuple[str, Correction]], int]:
    """What the owner does with the drafts, as many edits as are wanted; and how many of those were made up."""
    marked = [one for one in drafts if mark.stands_in(one.text)]
    calm = [one for one in drafts if one.text.strip() and not mark.stands_in(one.text)]
    edits = [(one, one.text) for one in marked[:wanted]]
    made_up = calm[: wanted - len(edits)]
    edits += [(one, mark.into(one.text)) for one in made_up]
    sent = [(one, one.text) for one in calm[len(made_up) : len(made_up) + wanted // 2]]
    acts = [_act(one, text, mark.out_of(text)) for one, text in edits]
    acts += [_act(one, text, text) for one, text in sent]
    acts.sort(key=lambda act: act.lines[0].at_ms)
    placed = [msgspec.structs.replace(act, at_ms=at, contact_type=contact_type) for at, act in enumerate(acts)]
    return [(f"{at + 1}-0", act) for at, act in enumerate(placed)], len(made_up)


def _act(one: "Generated", proposed: str, final: str) -> Correction:
    return Correction(
        at_ms=0,
        chat_key=f"bench:{one.contact_id}",
        request_id="",
        outcome="sent" if proposed == final else "edited",
        contact_id=one.contact_id,
        contact_name="",
        contact_type=one.contact_type,
        lines=one.asked,
        proposed=proposed,
        final=final,
        blend={},
    )


def share(mark: Mark, texts: Sequence[str]) -> float:
    """Of these texts, how many hold such a mark."""
    return round(sum(mark.stands_in(text) for text in texts) / len(texts), 3) if texts else 0.0


def words(texts: Sequence[str]) -> float:
    """Words of a text, on average."""
    return round(sum(len(text.split()) for text in texts) / len(texts), 1) if texts else 0.0


if __name__ == "__main__":
    main()
