"""The corpus of versions before this one: JSON lines and copied articles. It is not read any more, only removed.

Knows nothing of what it held.
"""

from collections.abc import Iterator
from pathlib import Path

from model_server.errors import CorpusError
from model_server.home import Home


def check_no_old_corpus(home: Home) -> None:
    """CorpusError when this home holds a corpus of an earlier version and none of this one."""
    if not home.corpus_file.exists() and any(_old_files(home)):
        raise CorpusError(
            f"the corpus in {home.corpus_dir} is of an earlier version",
            "import your exports again: selfsame import PATH",
        )


def remove_old_corpus(home: Home) -> None:
    """Take it away: what it held has been imported again, or is to be forgotten."""
    for path in list(_old_files(home)):
        path.unlink()
    articles = home.corpus_dir / "articles"
    if articles.is_dir() and not any(articles.iterdir()):
        articles.rmdir()


def _old_files(home: Home) -> Iterator[Path]:
    yield from home.corpus_dir.glob("*.jsonl")
    yield from (home.corpus_dir / "articles").glob("*.md")
