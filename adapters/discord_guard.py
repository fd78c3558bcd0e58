"""Bots that answer bots: a count of their lines in a row, for each channel.

Knows no message. The count is of one run: a restart lets the same few lines through once more.
"""


class LoopGuard:
    """Two bots must not talk for ever: after `most` lines of bots in a row a channel waits for a person."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[int, tuple[int, int]] = {}

    def admits(self, channel_id: int, message_id: int, is_bot: bool) -> bool:
        """Count a line (the same one once) and say whether it is heard."""
        if not is_bot:
            self._rows.pop(channel_id, None)
            return True
        last, count = self._rows.get(channel_id, (0, 0))
        if message_id > last:
            last, count = message_id, count + 1
            self._rows[channel_id] = (last, count)
        return count <= self._most
