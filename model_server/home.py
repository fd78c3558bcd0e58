"""Where an instance keeps its state: every path under `SELFSAME_HOME`, on one page.

Does not know what the files hold. Two instances with two homes never meet: the Redis socket, the facets, the corpus and
the logs all lie inside.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from model_server.errors import ConfigError

# sun_path holds 108 bytes with its NUL (unix(7)); a deep home gets its socket in a private directory under /tmp.
_LONGEST_SOCKET_PATH = 100
_SHORT = Path("/tmp")  # noqa: S108  # the directory made there is checked to be ours alone


@dataclass(frozen=True, slots=True)
class Home:
    """One instance's directory (mode 0700) and the names of everything in it."""

    path: Path

    @property
    def redis_dir(self) -> Path:
        """Append-only file, configuration and log of the embedded Redis."""
        return self.path / "redis"

    @property
    def redis_socket(self) -> Path:
        """The embedded Redis listens here and nowhere else."""
        socket = self.path / "redis" / "redis.sock"
        if len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH:
            return socket
        digest = hashlib.blake2b(os.fsencode(self.path), digest_size=8).hexdigest()
        return _SHORT / f"selfsame-{os.getuid()}-{digest}" / "redis.sock"

    @property
    def terminal_socket(self) -> Path:
        """Where the bot listens for `selfsame chat`."""
        return self.redis_socket.with_name("terminal.sock")

    @property
    def models_dir(self) -> Path:
        """Base models converted once to safetensors."""
        return self.path / "models"

    @property
    def facets_dir(self) -> Path:
        """`facets/<name>/<version>/` in peft's layout, and `facets/live.json`: name -> version in force."""
        return self.path / "facets"

    @property
    def raw_dir(self) -> Path:
        """What exports held before the scrub: text of people as it was written. Nothing after the scrub reads it."""
        return self.path / "raw"

    @property
    def forgotten_file(self) -> Path:
        """Keyed digests of whom the owner forgot (`training.raw.forgotten`): they name nobody."""
        return self.path / "raw" / "forgotten.json"

    @property
    def blocked_file(self) -> Path:
        """Keyed digests of the words that the corpus was last scrubbed of by the owner's wish (`training.scrubbed`)."""
        return self.path / "raw" / "blocked.json"

    @property
    def corpus_dir(self) -> Path:
        """The owner's conversations and articles, scrubbed: private, read by `training` only."""
        return self.path / "corpus"

    @property
    def corpus_file(self) -> Path:
        """The corpus itself (`training.corpus`)."""
        return self.path / "corpus" / "corpus.sqlite3"

    @property
    def contacts_file(self) -> Path:
        """Who is who: `{"contacts": [{"name", "type", "ids"}]}`."""
        return self.path / "contacts.json"

    @property
    def proposals_file(self) -> Path:
        """Contact types and unions of contacts that were proposed, with their evidence; the owner decides."""
        return self.path / "proposals.json"

    @property
    def rhythm_file(self) -> Path:
        """How fast the owner types to whom (`model_server.rhythm`)."""
        return self.path / "rhythm.json"

    @property
    def excluded_file(self) -> Path:
        """Who asked to be forgotten, and is never trained on again: `{"senders": [...]}`."""
        return self.path / "excluded.json"

    @property
    def cuts_file(self) -> Path:
        """What the owner cut, and may take back: `{"cuts": [{"what", "from_ms", "to_ms"}]}` (`training.cuts`)."""
        return self.path / "cuts.json"

    @property
    def runs_dir(self) -> Path:
        """Training runs: manifests, progress, evaluations."""
        return self.path / "runs"

    @property
    def logs_dir(self) -> Path:
        """One log file a process: ids and milliseconds only."""
        return self.path / "logs"

    def create(self) -> "Home":
        """Make the directory, readable by its owner alone; safe to repeat. Tightens a home that was left open."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be made: {error.strerror}", "choose another SELFSAME_HOME") from None
        for directory in (
            self.redis_dir,
            self.models_dir,
            self.facets_dir,
            self.raw_dir,
            self.corpus_dir,
            self.runs_dir,
            self.logs_dir,
        ):
            directory.mkdir(mode=0o700, exist_ok=True)
        sockets = self.redis_socket.parent
        sockets.mkdir(mode=0o700, exist_ok=True)
        found = sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ConfigError(f"{sockets} belongs to somebody else", "choose a SELFSAME_HOME with a shorter path")
        sockets.chmod(0o700)
        return self


def find_home(config_path: Path | None = None) -> Home:
    """`SELFSAME_HOME`, else `.selfsame` beside the configuration file (or here, when there is none)."""
    if named := os.environ.get("SELFSAME_HOME"):
        return Home(Path(named).expanduser().resolve())
    beside = config_path.parent if config_path else Path.cwd()
    return Home(beside.resolve() / ".selfsame")
