"""The owner's measured rhythm, read again whenever training has written it anew. Knows no corpus and sends nothing."""

from pathlib import Path

import msgspec
import structlog

from model_server.rhythm import Rhythm, Rhythms

log = structlog.get_logger()


class RhythmBook:
    """The rhythms of one home."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int] | None = None
        self._rhythms = Rhythms()

    def of(self, contact_type: str) -> Rhythm | None:
        """The rhythm for this contact type; None: nothing was measured, the configuration's pauses hold."""
        self._reload()
        return self._rhythms.of(contact_type)

    def _reload(self) -> None:
        try:
            stat = self._path.stat()
            version = (stat.st_mtime_ns, stat.st_size)
            if version != self._version:
                self._rhythms = msgspec.json.decode(self._path.read_bytes(), type=Rhythms)
                self._version = version
        except FileNotFoundError:
            self._version, self._rhythms = None, Rhythms()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("rhythm.unreadable", error=type(error).__name__)
