"""`selfsame demo`: the sample owner on this machine in one command, answering while her facets are trained.

Knows the order of the steps and how to show them; every step is an ordinary command that the owner could give as well.
"""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import redis.asyncio
from redis.exceptions import RedisError
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.instance import Instance, notice, prepare, read_instance, report, run_step, running_redis
from bot.supervisor import BOT, WORKER, Program, Supervisor, selfsame, until_stopped
from bot.training_progress import read_progress, training_in_words
from model_server.presence import present_workers
from model_server.redis_link import connect, redis_url

TRAINING = Program("training", selfsame("train"), restart=False)
_POLL_S = 0.5
_SAY_EVERY_S = 30.0


async def run() -> int:
    """Set up, start, and stay until Ctrl-C. Returns the exit code."""
    console = Console(highlight=False)
    step = Steps(console)
    step("the sample owner: her configuration, chats and articles")
    if code := await run_step(selfsame("sample")):
        return code
    instance = read_instance()
    prepare(instance)
    step("the base model: converted once to safetensors")
    if code := await run_step(selfsame("model", "prepare")):
        return code
    step("Redis: our own, on a private socket, every write on disk before it is answered")
    async with running_redis(instance) as version, Supervisor(instance.home, notice) as supervisor:
        console.print(f"  Redis {version}")
        step("the model worker and the bot")
        programs = {supervisor.start(program): program for program in (WORKER, BOT)}
        starting = asyncio.create_task(_ready(instance))
        ended = await until_stopped(*programs, starting)
        if ended is not starting:
            starting.cancel()
            return report(supervisor, programs, ended)
        console.print(_welcome(instance))
        training = supervisor.start(TRAINING)
        showing = asyncio.create_task(_show_training(console, instance, training))
        ended = await until_stopped(*programs)
        showing.cancel()
        console.print("stopping …")
        return report(supervisor, programs, ended)


@dataclass
class Steps:
    """Numbers and prints what happens next."""

    console: Console
    done: int = 0

    def __call__(self, what: str) -> None:
        """Say the next step."""
        self.done += 1
        self.console.print(f"[bold]▸ {self.done}/4[/bold] {what}")


async def _ready(instance: Instance) -> int:
    """Return 0 once a worker can answer and the page is open."""
    client = connect(redis_url(instance.redis, instance.home))
    try:
        while not (await _answering(client) and (not instance.web.enabled or await _open(instance))):  # noqa: ASYNC110  # another process's state
            await asyncio.sleep(_POLL_S)
    finally:
        await client.aclose()
    return 0


async def _answering(client: redis.asyncio.Redis) -> bool:
    try:
        return any(worker.ready for worker in await present_workers(client))
    except (RedisError, OSError):
        return False


async def _open(instance: Instance) -> bool:
    try:
        _, writer = await asyncio.open_connection(instance.web.host, instance.web.port)
    except OSError:
        return False
    writer.close()
    return True


def _welcome(instance: Instance) -> Panel:
    name = instance.owner.name or "the owner"
    program = Path(sys.executable).with_name("selfsame")
    command = "selfsame" if not program.exists() else _short(program)
    page = f"http://{instance.web.host}:{instance.web.port}"
    return Panel(
        f"[bold]{name} answers now[/bold] (a machine, in her words as far as it has learnt them)\n\n"
        f"  the page       [link]{page}[/link]\n"
        f"  her own desk   [link]{page}/owner[/link]\n"
        f"  a code for it  {command} owner pair\n"
        f"  the terminal   {command} chat --as friend\n"
        f'  one line       {command} chat --as family --once "did you eat?" --json\n\n'
        "Facets that are not trained yet are trained below, and each is taken in at once. Ctrl-C stops everything.",
        expand=False,
    )


def _short(program: Path) -> str:
    try:
        return str(program.relative_to(Path.cwd()))
    except ValueError:
        return str(program)


async def _show_training(console: Console, instance: Instance, training: "asyncio.Task[int]") -> None:
    """Progress bars as the trainer tells them, and a line for each facet that a worker has taken in."""
    columns = (TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn())
    client = connect(redis_url(instance.redis, instance.home))
    loop, say_again_at = asyncio.get_running_loop(), 0.0
    told: set[str] = set()
    wanted: set[str] = set()
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task("training", total=None)
            while not training.done() or (training.result() == 0 and told != wanted):
                now = read_progress(instance.home)
                wanted = set(now.get("facets", []))
                for facet in sorted((await _in_force(client) & wanted) - told):
                    told.add(facet)
                    console.print(f"[green]✓[/green] facet {facet} is in force")
                if now.get("state") == "running":
                    where = training_in_words(now)
                    progress.update(bar, description=where, completed=now["step"], total=now["steps"] or None)
                    if not console.is_terminal and loop.time() >= say_again_at:  # a log file shows no bar
                        console.print(f"  training: {where}")
                        say_again_at = loop.time() + _SAY_EVERY_S
                await asyncio.sleep(_POLL_S)
    finally:
        await client.aclose()
    if training.result() == 0:
        console.print("[green]✓[/green] every facet is in force: ask the same question as family and as a friend")
    else:
        out = instance.home.logs_dir / "training.out"
        console.print(f"! training stopped → see {out}; `selfsame train` goes on from there")


async def _in_force(client: redis.asyncio.Redis) -> set[str]:
    try:
        return {facet for worker in await present_workers(client) for facet in worker.facets}
    except (RedisError, OSError):
        return set()
