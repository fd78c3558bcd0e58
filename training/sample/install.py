"""Set up the sample owner in a folder of her own: configuration, chats and articles. Safe to repeat.

Touches no configuration but hers: one that is not marked `demo = true` is somebody's own.
"""

from dataclasses import replace
from pathlib import Path

from model_server.config import OwnerConfig, read_document, read_section
from model_server.errors import ConfigError
from model_server.home import find_home
from training.contacts import read_types
from training.import_report import ImportReport
from training.importing import ImportOptions, import_everything
from training.private_file import replace_file

HERE = Path(__file__).parent
_MARKER = "sample-owner"
"""A file in a home that was made for her: what is imported into it mixes with nobody."""


def install(config_path: Path | None) -> ImportReport:
    """Her configuration at `config_path` (default: `config.toml` here) and her corpus in the home beside it.

    ConfigError when another owner's configuration, or another owner's chats, are there.
    """
    place = config_path or Path("config.toml")
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, (HERE / "config.toml").read_bytes())
    document = read_document(place)
    if not read_section(document, "owner", OwnerConfig).demo:
        raise ConfigError(
            f"{place} belongs to another owner", "run the demo in an empty folder, or name another file with --config"
        )
    home = find_home(place).create()
    hers = home.path / _MARKER
    if home.contacts_file.exists() and not hers.exists():
        raise ConfigError(
            f"{home.path} holds somebody's own chats", "run the demo with another SELFSAME_HOME, or in an empty folder"
        )
    hers.touch()
    options = replace(ImportOptions.of(document), types=read_types(HERE / "contacts.json"))
    return import_everything([HERE / "result.json", HERE / "articles"], home, options)
