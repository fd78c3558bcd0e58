"""`selfsame status`: what runs, what waits, what ended how. Reads only; shows ids and numbers, never words."""

from typing import Any, cast

import msgspec
import redis.asyncio
from rich.console import Console
from rich.table import Table

from bot import keys
from bot.training_progress import learning_in_words, training_in_words
from model_server.contract import REQUESTS, RESULTS
from model_server.presence import Presence, present_workers

_LAST_PROBLEMS = 5


class Problem(msgspec.Struct, frozen=True):
    """A turn the owner should look at."""

    request_id: str
    state: str
    reason: str


class Status(msgspec.Struct, frozen=True):
    """One look at an instance."""

    workers: list[Presence]
    waiting_chats: int
    requests: int
    """Turns that wait for a worker, or are with one."""
    results: int
    leaving: int
    """Chats with bubbles on their way out."""
    halted: bool
    ended: dict[str, int]
    """How many turns ended in each state, and how many lines were full or duplicate."""
    problems: list[Problem]
    """The newest dead or unknown turns, newest first."""
    training: dict[str, Any] = {}
    """The trainer's word of itself (`runs/progress.json`); empty when none is known."""
    learning: dict[str, Any] = {}
    """What `selfsame learn`, or the nightly one, is at; empty while none runs."""


async def read_status(
    client: redis.asyncio.Redis, training: dict[str, Any], learning: dict[str, Any] | None = None
) -> Status:
    """`training`, `learning`: what is known of them. Raises RedisError when the instance does not run."""
    counts = cast(dict[bytes, bytes], await client.hgetall(keys.COUNTS))
    dead = cast(list[tuple[bytes, dict[bytes, bytes]]], await client.xrevrange(keys.DEAD, count=_LAST_PROBLEMS))
    return Status(
        workers=await present_workers(client),
        waiting_chats=await client.zcard(keys.DUE),
        requests=await client.xlen(REQUESTS),
        results=await client.xlen(RESULTS),
        leaving=sum([await client.zcard(key) async for key in client.scan_iter(match=keys.outboxes("*"))]),
        halted=bool(await client.exists(keys.HALT)),
        ended={name.decode(): int(count) for name, count in sorted(counts.items())},
        problems=[
            Problem(*(fields.get(name, b"").decode() for name in (b"request_id", b"state", b"reason")))
            for _, fields in dead
        ],
        training=training,
        learning=learning or {},
    )


def show(status: Status, console: Console) -> None:
    """The same for a person."""
    for worker in status.workers:
        facets = ", ".join(sorted(worker.facets)) or "none yet"
        console.print(f"worker {worker.consumer}: {worker.model} on {worker.device}, facets: {facets}")
    if not status.workers:
        console.print("no worker → start one with `python -m model_server`, or everything with `selfsame up`")
    console.print(f"chats waiting: {status.waiting_chats}, leaving: {status.leaving}")
    console.print(f"requests: {status.requests}, results: {status.results}")
    show_training(status.training, console)
    if status.learning:
        console.print(f"learning: {learning_in_words(status.learning)}")
    if status.halted:
        console.print("sending is halted")
    if status.ended:
        table = Table("ended", "count", box=None)
        for name, count in status.ended.items():
            table.add_row(name, str(count))
        console.print(table)
    for problem in status.problems:
        console.print(f"! {problem.state} {problem.request_id}: {problem.reason}")


def show_training(training: dict[str, Any], console: Console) -> None:
    """One that runs, or that will go on when it is asked to."""
    if training.get("state") == "running":
        console.print(f"training: {training_in_words(training)}")
    elif training.get("state") == "stopped":
        console.print("training: stopped; `selfsame train` goes on from there")


def as_json(status: Status) -> dict[str, Any]:
    """One JSON object for scripts."""
    return {"running": True} | cast(dict[str, Any], msgspec.to_builtins(status))
