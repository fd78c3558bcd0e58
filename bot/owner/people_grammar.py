"""Reads `/contact ...` and `/blend ...`. Pure; knows no contact and no facet, only what their names may look like."""

from collections.abc import Callable, Sequence

from bot.owner import commands
from bot.owner.clauses import MODES, Now, read_ending
from bot.owner.commands import Command
from bot.owner.phrases import Token, Unclear, joined, likeliest
from model_server.blends import checked
from model_server.errors import ConfigError

_BLEND_HINT = "e.g. /blend family core=0.5 family=0.5"


def read_contact(tokens: Sequence[Token], now: Now) -> Command:
    """Raises Unclear."""
    verb, words = (tokens[0].word if tokens else "list"), tokens[1:]
    if verb not in (*_VERBS, "list"):
        if meant := likeliest(verb, (*_VERBS, "list")):
            raise Unclear(f"`{verb}` is nothing to do with a contact", f"did you mean /contact {meant}?")
        return commands.ContactShow(joined(tokens))
    if verb == "list":
        return commands.Contacts()
    if not words:
        raise Unclear(f"whom do you mean to {verb}?", f"/contact {verb} WHO; /contact list names them")
    return _VERBS[verb](words, now)


def read_blend(tokens: Sequence[Token], _now: Now) -> Command:
    """Raises Unclear."""
    if not tokens:
        return commands.BlendShow()
    if tokens[0].word == "clear":
        if len(tokens) == 1:
            raise Unclear("whose blend shall be as it was?", "/blend clear TYPE")
        return commands.BlendClear(joined(tokens[1:]))
    first = next((at for at, token in enumerate(tokens) if "=" in token.word), len(tokens))
    if first == len(tokens):
        return commands.BlendShow(joined(tokens))
    if first == 0:
        raise Unclear("for which type or contact?", _BLEND_HINT)
    try:
        weights = checked(dict(_weight(token) for token in tokens[first:]))
    except ConfigError as error:
        raise Unclear(error.what, error.hint) from error
    if not weights:
        raise Unclear("nothing of you would speak in that blend", _BLEND_HINT)
    return commands.BlendSet(joined(tokens[:first]), weights)


def _weight(token: Token) -> tuple[str, float]:
    name, _, number = token.word.partition("=")
    try:
        return name, float(number.rstrip(",").replace(",", "."))
    except ValueError:
        raise Unclear(f"`{token.text}` is no weight", _BLEND_HINT) from None


def _show(words: Sequence[Token], _now: Now) -> Command:
    return commands.ContactShow(joined(words))


def _block(words: Sequence[Token], _now: Now) -> Command:
    return commands.ContactBlock(joined(words), blocked=True)


def _unblock(words: Sequence[Token], _now: Now) -> Command:
    return commands.ContactBlock(joined(words), blocked=False)


def _merge(words: Sequence[Token], _now: Now) -> Command:
    who, into = _two(words, "into", "/contact merge WHO into WHO")
    return commands.ContactMerge(joined(who), joined(into))


def _name(words: Sequence[Token], _now: Now) -> Command:
    """`Anna to Anna Berg`; without `to` the first word, or quote, is who is meant."""
    hint = "/contact name WHO to NEW NAME"
    who, new = _two(words, "to", hint) if any(token.word == "to" for token in words) else (words[:1], words[1:])
    if not new:
        raise Unclear("the new name is missing", hint)
    return commands.ContactName(joined(who), joined(new))


def _type(words: Sequence[Token], _now: Now) -> Command:
    *who, kind = words
    if not who:
        raise Unclear("the type is missing", "/contact type WHO family (or friend, colleague, stranger, or your own)")
    name = kind.text.casefold()
    try:
        checked({name: 0})
    except ConfigError as error:
        raise Unclear(f"`{kind.text}` is no contact type", error.hint) from error
    return commands.ContactType(joined(who), name)


def _mode(words: Sequence[Token], now: Now) -> Command:
    at = next((at for at, token in enumerate(words) if at and token.word in (*MODES, "block")), None)
    if at is None:
        raise Unclear("who, and which mode?", "/contact mode WHO off, draft, auto, clear or block")
    who, mode, ending = joined(words[:at]), MODES.get(words[at].word), read_ending(words[at + 1 :], now)
    if ending.where is not None or (ending.until_ms is not None and mode in ("clear", None)):
        raise Unclear("that is more than a mode", "/contact mode WHO draft, or /contact mode WHO draft for 2h")
    if mode is None:
        return commands.ContactBlock(who, blocked=True)
    return commands.Autoreply(mode, ending.until_ms, commands.ForWhom(who))


def _two(words: Sequence[Token], keyword: str, hint: str) -> tuple[Sequence[Token], Sequence[Token]]:
    places = [at for at, token in enumerate(words) if token.word == keyword]
    if len(places) != 1 or not words[: places[0]] or not words[places[0] + 1 :]:
        raise Unclear(f"say `{keyword}` once, between two names", hint)
    return words[: places[0]], words[places[0] + 1 :]


_VERBS: dict[str, Callable[[Sequence[Token], Now], Command]] = {
    "show": _show,
    "type": _type,
    "name": _name,
    "merge": _merge,
    "mode": _mode,
    "block": _block,
    "unblock": _unblock,
}
