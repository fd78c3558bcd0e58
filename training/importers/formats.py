"""Every format that can be imported, composed by hand, and the choice among them.

Knows no format from inside. The order matters only where one format is a special case of another: the special one
stands first. No fixture may be claimed by two (a test holds that).
"""

from model_server.errors import CorpusError
from training.importers import (
    chatlab,
    discord_exporter,
    discord_package,
    feeds,
    html,
    imessage_export,
    line,
    markdown,
    signal_backup_text,
    signal_export,
    signal_history,
    telegram_desktop,
    wechat_csv,
    wechat_json,
    whatsapp,
    wordpress,
)
from training.importers.base import Format
from training.importers.source import Sample

FORMATS: tuple[Format, ...] = (
    telegram_desktop.FORMAT,
    discord_exporter.FORMAT,
    discord_package.FORMAT,
    *chatlab.FORMATS,
    *wechat_csv.FORMATS,
    *wechat_json.FORMATS,
    signal_history.FORMAT,
    *signal_export.FORMATS,
    signal_backup_text.FORMAT,
    *imessage_export.FORMATS,
    whatsapp.FORMAT,
    line.FORMAT,
    wordpress.FORMAT,
    feeds.FORMAT,
    html.FORMAT,
    markdown.FORMAT,
)

AUTO = "auto"


def choose(sample: Sample, named: str = AUTO) -> Format | None:
    """The format called `named`, or the first that knows the sample for its own; None when none does."""
    if named == AUTO:
        return next((one for one in FORMATS if one.sniff(sample)), None)
    return next((one for one in FORMATS if one.name == named), None)


def check_name(named: str) -> None:
    """CorpusError unless `named` is `auto` or a format's name."""
    if named != AUTO and all(one.name != named for one in FORMATS):
        raise CorpusError(f"no format is called {named!r}", "see the names with: selfsame corpus formats")
