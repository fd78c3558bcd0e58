"""Whether the corpus is scrubbed as the configuration says now, and which words of the owner's are blocked in it.

Facets that were trained before a word was blocked may know it. So a keyed digest of each word is kept beside those of
whom the owner forgot, for `model_server.privacy` to count. Knows no line and no facet.
"""

import hashlib

import msgspec

from model_server.errors import CorpusError
from model_server.home import Home
from training.corpus import Corpus
from training.manifest import digest_of
from training.private_file import replace_file
from training.scrub.config import ScrubConfig
from training.scrub_pool import Rules

_CONFIG = "scrub config"
"""A mark: a digest of the [scrub] that this corpus was written by."""


def note_scrubbed(home: Home, corpus: Corpus, rules: Rules) -> None:
    """The scrub stage is through: not before, for whoever reads the corpus while it is written reads those words."""
    with corpus.transaction():
        corpus.put_mark(_CONFIG, digest_of(rules.config))
    digests = sorted({_digest(rules.key, word) for word in rules.config.block})
    if digests or home.blocked_file.exists():
        replace_file(home.blocked_file, msgspec.json.encode({"digests": digests}) + b"\n")


def check_scrubbed(home: Home, config: ScrubConfig) -> None:
    """CorpusError when the corpus was written by another [scrub]: what is to be taken out now may stand in it."""
    if not home.corpus_file.exists():
        return
    with Corpus.open(home) as corpus:
        written_by = corpus.mark(_CONFIG)
    if written_by not in ("", digest_of(config)):  # "": by a version that did not say
        raise CorpusError(
            "[scrub] has changed since the corpus was written", "write it anew: selfsame corpus scrub, then repeat this"
        )


def _digest(key: bytes, word: str) -> str:
    raw = word.casefold().encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=16, key=key, person=b"blocked").hexdigest()
