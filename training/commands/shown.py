"""Text of people on a terminal: what would steer the terminal is shown as a box. Knows no command."""

_STEERING = dict.fromkeys(
    (*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "�"
)


def shown(text: str) -> str:
    """The text, as long as it was, without control characters other than tabs and line ends."""
    return text.translate(_STEERING)
