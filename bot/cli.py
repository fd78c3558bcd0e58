"""`selfsame`: the one command line. Commands of the other packages are mounted by entry point, not by import.

Knows how to print an expected failure: one line that says what happened and what to do next, and an exit code that
is not 0.
"""

import asyncio
import errno
import json
import os
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import redis.asyncio
import typer

from model_server.errors import RedisUnavailable, SelfsameError

T = TypeVar("T")

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)

app = typer.Typer(
    name="selfsame",
    help="Answers on chat platforms as its owner. Start with `selfsame demo`, then `selfsame chat --as friend`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    config: Annotated[str, typer.Option(help="Configuration file (default: config.toml here).", metavar="FILE")] = "",
    home: Annotated[str, typer.Option(help="State directory (default: .selfsame beside it).", metavar="DIR")] = "",
) -> None:
    """Global options, handed to every process we start through the environment."""
    if config:
        os.environ["SELFSAME_CONFIG"] = str(Path(config).expanduser().resolve())
    if home:
        os.environ["SELFSAME_HOME"] = str(Path(home).expanduser().resolve())


@app.command()
def demo() -> None:
    """The sample owner answers: sets everything up, trains her facets while she chats. Ctrl-C stops it all."""
    from bot.demo import run

    raise typer.Exit(asyncio.run(run()))


@app.command()
def up() -> None:
    """Run the instance of this folder: Redis, the model worker and the bot. Ctrl-C stops them all."""
    from bot.instance import run_up

    raise typer.Exit(asyncio.run(run_up()))


@app.command("redis")
def redis_() -> None:
    """Run the embedded Redis alone, in the foreground (for a Procfile)."""
    from bot.instance import run_redis

    raise typer.Exit(asyncio.run(run_redis()))


@app.command()
def chat(
    as_type: Annotated[str, typer.Option("--as", help="Who you are: family, friend, colleague, ...")] = "friend",
    once: Annotated[str, typer.Option(help="Say this one thing, print the reply and leave.", metavar="TEXT")] = "",
    session: Annotated[str, typer.Option(help="Name of the conversation (--once: a fresh one).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print one JSON object.")] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds that --once waits.")] = 180.0,
) -> None:
    """Chat with the persona in this terminal, through the running instance."""
    from dataclasses import asdict

    from adapters import terminal_chat, terminal_client
    from adapters.local_contract import LocalError
    from bot.instance import read_instance

    if as_json and not once:
        raise typer.BadParameter("--json needs --once TEXT")
    instance = read_instance()
    try:
        if not once:
            asyncio.run(terminal_chat.chat(instance.home.terminal_socket, as_type, session=session or None))
            return
        result = asyncio.run(
            terminal_client.once(
                instance.home.terminal_socket, as_type, once, timeout_s=timeout_s, session=session or None
            )
        )
    except LocalError as error:
        raise SelfsameError(error.what, error.hint) from None
    if as_json:
        print(json.dumps(asdict(result), ensure_ascii=False))
    elif result.state == "answered":
        print(result.reply or _machine_answers(as_type, session), file=sys.stdout if result.reply else sys.stderr)
    if result.state != "answered":
        if not as_json:
            then = " → selfsame drafts" if result.state == "held" else ""
            print(f"no reply: {result.state}, {result.reason}{then}", file=sys.stderr)
        raise typer.Exit(3)


def _machine_answers(as_type: str, session: str) -> str:
    """To a word like /privacy, which is not the owner's to answer: nothing is said in their name."""
    where = f"selfsame chat --as {as_type} --session {session}" if session else "--session NAME, to come back to it"
    return f"the machine itself answers that, in the chat → {where}"


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """What runs here, what waits, and what ended how."""
    from rich.console import Console

    from bot import status as looking
    from bot.instance import read_instance
    from bot.training_progress import read_learning, read_progress

    home, console = read_instance().home, Console(highlight=False)
    training = read_progress(home)
    try:
        found = _with_redis(lambda client: looking.read_status(client, training, read_learning(home)))
    except RedisUnavailable:
        if training.get("state") != "running":
            raise
        if as_json:
            print(json.dumps({"running": False, "training": training}))
        else:
            looking.show_training(training, console)
            console.print("nothing else runs here → selfsame up")
        return
    if as_json:
        print(json.dumps(looking.as_json(found)))
    else:
        looking.show(found, console)


@app.command()
def halt() -> None:
    """Stop every send at once; replies on their way are called back. `selfsame resume` lets it go on."""
    from bot.sending import halt

    _with_redis(halt)
    print("nothing is sent any more → selfsame resume")


@app.command()
def resume() -> None:
    """Let sends go on after `selfsame halt`."""
    from bot.chat_control import rouse
    from bot.config import read_bot_config
    from bot.instance import read_instance
    from bot.scripts import Scripts
    from bot.sending import resume

    turns = read_bot_config(read_instance().document).turns

    async def go_on(client: redis.asyncio.Redis) -> None:
        await resume(client)
        await rouse(Scripts(client, turns))  # what was put off is looked at now, not at its next turn

    _with_redis(go_on)
    print("sending goes on: what you approved leaves now, the other lines are decided anew")


@app.command()
def drafts(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """The replies held for you, when autoreply in the section turns is "draft"."""
    from bot.sending import held_replies

    held = _with_redis(held_replies)
    if as_json:
        print(json.dumps({"drafts": msgspec.to_builtins(held)}, ensure_ascii=False))
        return
    for draft in held:
        who = f"{draft.contact_type} {draft.contact_name}".strip()
        print(f"{draft.no}  {draft.chat_key} ({who}): {draft.text}")
    print("→ selfsame owner send N, edit N TEXT or discard N" if held else "nothing is held")


def _with_redis(act: Callable[[redis.asyncio.Redis], Awaitable[T]]) -> T:
    from bot.instance import read_instance
    from model_server.redis_link import ask_instance, redis_url

    instance = read_instance()
    return ask_instance(redis_url(instance.redis, instance.home), act)


def mount() -> typer.Typer:
    """`app` with the owner's words and the commands of every installed package of the group `selfsame.commands`."""
    from bot.owner.owner_cli import app as owner_app

    app.add_typer(owner_app)
    for point in sorted(entry_points(group="selfsame.commands"), key=lambda point: point.name):
        app.add_typer(point.load())
    return app


def main() -> None:
    """Run one command. An expected failure is one line on stderr and exit code 1, an interrupt 130.

    A disk that is full, or a place that may not be written to, can be met by any command, and is expected too.
    """
    os.umask(0o077)  # whatever we or our children write is the owner's alone
    try:
        mount()()
    except SelfsameError as error:
        print(f"selfsame: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        print(
            f"selfsame: {error.filename or 'the disk'}: {error.strerror} → see to it, then repeat this", file=sys.stderr
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
