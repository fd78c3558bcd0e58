"""The queue of updates for the bot, and both ways out of it: long polls and webhook posts.

Knows updates only as JSON. An update leaves the queue when a poll asks for a higher offset, when the webhook answered
2xx, or after 24 hours.
"""

import asyncio
import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

from tests.telegram_server.api_error import ApiError, conflict
from tests.telegram_server.state import JSON

KEPT_S = 24 * 3600
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(slots=True)
class Webhook:
    """Where updates are posted to. `posts`: every try, as (update id, HTTP status; 0: no answer)."""

    url: str
    secret_token: str | None = None
    max_connections: int = 40
    retry_s: float = 0.02
    last_error: str = ""
    last_error_s: int = 0
    posts: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Pending:
    id: int
    body: JSON
    at_s: float


class Mail:
    """Updates on their way to the bot."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._next_id = 871_300_001
        self._pending: list[_Pending] = []
        self._poll: asyncio.Future[None] | None = None
        self._changed = asyncio.Event()
        self._posting: asyncio.Task[None] | None = None
        self._held: list[tuple[str, object]] | None = None
        self.allowed: tuple[str, ...] = ()
        self.webhook: Webhook | None = None
        self.copies = 1
        """How often each new update is put in, every time under an id of its own."""

    @property
    def pending_ids(self) -> tuple[int, ...]:
        """Updates the bot has not confirmed, oldest first."""
        return tuple(one.id for one in self._fresh())

    def put(self, kind: str, body: object) -> None:
        """Tell the bot something, if it wants to hear of this kind *now* (a later wish does not reach back)."""
        if self._held is not None:
            self._held.append((kind, body))
            return
        wanted = kind in self.allowed if self.allowed else kind not in NOT_BY_DEFAULT
        if wanted:
            for _ in range(self.copies):
                self.put_raw({kind: copy.deepcopy(body)})

    def put_raw(self, update: JSON) -> int:
        """Put in any JSON object as an update; an id is added when it has none."""
        number = update.get("update_id")
        if not isinstance(number, int):
            number = self._next_id
        self._next_id = max(self._next_id, number + 1)
        self._pending.append(_Pending(number, {"update_id": number} | update, self._now_s()))
        self._wake()
        return number

    @contextlib.contextmanager
    def reordered(self, order: Callable[[int], list[int]] | None = None) -> Iterator[None]:
        """What happens inside arrives afterwards, backwards or as `order(count)` says (indexes)."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            for index in order(len(held)) if order else reversed(range(len(held))):
                self.put(*held[index])

    def forget_before(self, offset: int) -> None:
        """Confirm every update below `offset`."""
        self._pending = [one for one in self._pending if one.id >= offset]

    def forget_all(self) -> None:
        """`drop_pending_updates`."""
        self._pending.clear()

    async def poll(self, offset: int, limit: int, timeout_s: float) -> list[JSON]:
        """One getUpdates. A newer one ends an older one with 409."""
        if self.webhook is not None:
            raise conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self.end_poll(
            conflict("terminated by other getUpdates request; make sure that only one bot instance is running")
        )
        if offset < 0:
            offset = min([one.id for one in self._fresh()][offset:], default=0)
        self.forget_before(offset)
        if not self._fresh() and timeout_s > 0:
            poll = self._poll = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout_s):
                    await poll
            except TimeoutError:
                pass
            finally:
                if self._poll is poll:
                    self._poll = None
        return [one.body for one in self._fresh()[:limit]]

    def end_poll(self, error: ApiError | None) -> None:
        """End the poll that waits, with an error or with what there is."""
        poll, self._poll = self._poll, None
        if poll is not None and not poll.done():
            if error is None:
                poll.set_result(None)
            else:
                poll.set_exception(error)

    @property
    def polled(self) -> bool:
        """A long poll is waiting now."""
        return self._poll is not None

    async def set_webhook(self, webhook: Webhook | None) -> None:
        """Switch between both ways."""
        if self._posting is not None:
            self._posting.cancel()
            await asyncio.gather(self._posting, return_exceptions=True)
            self._posting = None
        self.webhook = webhook
        if webhook is not None:
            self.end_poll(conflict("terminated by setWebhook request"))
            self._posting = asyncio.create_task(self._post_all(webhook))

    async def close(self) -> None:
        """End what waits."""
        self.end_poll(None)
        await self.set_webhook(None)

    def _fresh(self) -> list[_Pending]:
        since_s = self._now_s() - KEPT_S
        self._pending = [one for one in self._pending if one.at_s >= since_s]
        return self._pending

    def _wake(self) -> None:
        self._changed.set()
        self.end_poll(None)

    async def _post_all(self, webhook: Webhook) -> None:
        """Post what is pending, chats side by side, each chat in order."""
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client, asyncio.TaskGroup() as posts:
            busy: dict[int, str] = {}
            while True:
                self._changed.clear()
                for one in self._fresh():
                    lane = _lane(one.body)
                    if len(busy) >= webhook.max_connections:
                        break
                    if lane in busy.values():
                        continue
                    busy[one.id] = lane
                    posts.create_task(self._post(client, webhook, one, busy))
                await self._changed.wait()

    async def _post(self, client: httpx.AsyncClient, webhook: Webhook, one: _Pending, busy: dict[int, str]) -> None:
        headers = {SECRET_HEADER: webhook.secret_token} if webhook.secret_token else {}
        try:
            status = (await client.post(webhook.url, json=one.body, headers=headers)).status_code
            error = f"Wrong response from the webhook: {status}"
        except httpx.HTTPError as failure:
            status, error = 0, f"Connection failed: {type(failure).__name__}"
        webhook.posts.append((one.id, status))
        if 200 <= status < 300:
            self._pending = [other for other in self._pending if other is not one]
        else:
            webhook.last_error, webhook.last_error_s = error, int(self._now_s())
            await asyncio.sleep(webhook.retry_s)
        del busy[one.id]
        self._changed.set()


def _lane(update: JSON) -> str:
    """The chat an update belongs to: within it, posts are made one after the other."""
    for body in update.values():
        if isinstance(body, dict):
            message = body.get("message", body)
            chat = message.get("chat") if isinstance(message, dict) else None
            if isinstance(chat, dict):
                return str(chat.get("id"))
    return ""
