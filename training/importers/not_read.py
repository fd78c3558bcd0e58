"""What to do with files that are no export of a known format and still known for what they are. Knows no reader."""

from training.importers.source import Sample
from training.importers.sources import NESTED_SUFFIXES

SEE_FORMATS = "see `selfsame corpus formats`; if it is one of them, name it with --format"
UNPACK = "unpack it, and import the folder"
_TELEGRAM = "export again from Telegram Desktop with the format machine-readable JSON; its web pages are not read"
_DISCORD = "export again with DiscordChatExporter, format JSON"
_CRYPT = "it is an encrypted backup; in WhatsApp, open the chat's menu → More → Export chat instead"


def next_step(sample: Sample) -> str:
    """What the owner can do, in words, about a file that no format knows."""
    if sample.base.endswith(tuple(NESTED_SUFFIXES)):
        return UNPACK
    if ".crypt" in sample.base:
        return _CRYPT
    if 'class="page_wrap' in sample.text:
        return _TELEGRAM
    if "chatlog__" in sample.text or sample.text.startswith("AuthorID,Author,Date,Content"):
        return _DISCORD
    return SEE_FORMATS
