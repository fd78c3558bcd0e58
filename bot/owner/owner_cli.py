"""`selfsame owner WORDS...`: the owner's words from a shell, through the terminal socket to the running bot's desk.

Knows no command: the desk understands the words, the same as on every platform. Exit code 1: not understood or refused.
"""

import asyncio
import json
import sys
from typing import Annotated, Any

import msgspec
import typer

from adapters.local_contract import LocalError, printable
from adapters.terminal_client import say_as_owner
from bot.instance import read_instance
from model_server.errors import SelfsameError

app = typer.Typer()

_EXAMPLES = """What you say in the chat apps, here: status, drafts, autoreply draft for 2h, pause until 18:00, panic.

`selfsame owner help` lists every word; `selfsame owner pair` prints a code that makes a chat account yours.
"""


@app.command("owner", help=_EXAMPLES, context_settings={"ignore_unknown_options": True})
def owner(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="For example: autoreply draft for 2h")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: ok, text, cards, more.")] = False,
) -> None:
    """Say one thing to the desk and print what it answers."""
    try:
        heard = asyncio.run(
            say_as_owner(
                read_instance().home.terminal_socket, said(words), cards=as_json and command_of(words) == "drafts"
            )
        )
    except LocalError as error:
        raise SelfsameError(error.what, error.hint) from None
    if as_json:
        shown: dict[str, Any] = msgspec.to_builtins(heard)
        print(json.dumps({name: shown[name] for name in ("ok", "text", "cards", "more")}, ensure_ascii=False))
    else:
        print(printable(heard.text), file=sys.stdout if heard.ok else sys.stderr)
    if not heard.ok:
        raise typer.Exit(1)


def said(words: list[str]) -> str:
    """The words as one text: what the shell kept together in quotes is quoted again, so that a name stays one name.

    Not the new words of an edit, which are taken as they stand, and not a command in one piece. A byte that is no
    text becomes `?`.
    """
    first, *rest = (word.encode("utf-8", "replace").decode() for word in words)
    if command_of(words) != "edit":
        rest = [f'"{word}"' if " " in word and '"' not in word else word for word in rest]
    return " ".join((first, *rest))


def command_of(words: list[str]) -> str:
    """The name of the command, as it is compared."""
    return " ".join(words).removeprefix("/").casefold().partition(" ")[0]
