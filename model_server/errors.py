"""The one exception tree of Selfsame, and nothing else.

    SelfsameError              an expected failure: what happened, and what the owner does next
    ├── ConfigError            a key, a value or a file of the configuration
    ├── ModelError             the base model cannot be found, read or used
    ├── FacetError             a facet on disk is not one we serve
    ├── PromptTooLong          the persona card alone is longer than the context
    ├── EngineStopped          the engine died or was stopped under a request
    ├── RedisUnavailable       no server, the wrong server, or a server with unsafe settings
    └── CorpusError            an export, an article or a corpus that cannot be used

A command catches `SelfsameError` once, at its edge, and prints one line. Between processes failures travel as data
(`model_server.contract.ReplyFailed`), never as exceptions.
"""


class SelfsameError(Exception):
    """Something expected went wrong: `what` happened and the `hint` of what to do next (both for the owner only)."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} → {self.hint}"


class ConfigError(SelfsameError):
    """A key, a value or a file of the configuration is wrong."""


class ModelError(SelfsameError):
    """The base model cannot be found, read or used."""


class FacetError(SelfsameError):
    """A facet on disk is not one we serve."""


class PromptTooLong(SelfsameError):
    """The persona card alone is longer than the context: nothing is left to drop."""


class EngineStopped(SelfsameError):
    """The engine died or was stopped under a request; its owner starts it again."""


class RedisUnavailable(SelfsameError):
    """No Redis, the wrong one, or one whose settings would lose messages."""


class CorpusError(SelfsameError):
    """An export, an article or a whole corpus that cannot be used."""
