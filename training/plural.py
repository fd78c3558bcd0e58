"""A number and what it counts, in words. Pure."""


def many(count: int, what: str, plural: str = "") -> str:
    """`1 reply`, `2,000 replies`."""
    return f"{count:,} {what if count == 1 else plural or what + 's'}"
