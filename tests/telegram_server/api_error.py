"""The Bot API's refusals, in its own words. Knows nothing of chats.

The wording is Telegram's where it is published (core.telegram.org, the open source Bot API server, answers quoted in
public bug reports); where none is, the rule that raises it says so.
"""


class ApiError(Exception):
    """An answer with `ok: false`. `parameters` is the API's ResponseParameters, e.g. `retry_after` in seconds."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad_request(what: str, **parameters: int) -> ApiError:
    """400: the request itself is wrong."""
    return ApiError(400, f"Bad Request: {what}", **parameters)


def forbidden(what: str) -> ApiError:
    """403: the bot may not."""
    return ApiError(403, f"Forbidden: {what}")


def conflict(what: str) -> ApiError:
    """409: somebody else receives the updates."""
    return ApiError(409, f"Conflict: {what}")


def too_many(retry_after_s: int) -> ApiError:
    """429, with the seconds to wait in the text and in `parameters`."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after_s}", retry_after=retry_after_s)
