"""The persona's voice: one request becomes one reply. Blend looked up, prompt rendered, tokens generated, text decoded.

Knows no stream, no lease and no platform; failures that will not go away by trying again are `ReplyFailed`.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from model_server.blends import BlendBook, resolve
from model_server.config import EngineConfig, OwnerConfig
from model_server.contract import Reply, ReplyFailed, ReplyRequest
from model_server.engine_contract import Engine, Generation
from model_server.errors import EngineStopped, PromptTooLong
from model_server.facets import FacetBank
from model_server.persona import card_for
from model_server.render import decode_reply, render_prompt, stop_ids

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Voice:
    """Answers requests with one base model, its bank of facets, and the blends in force at that moment."""

    tokenizer: Any
    bank: FacetBank
    engine: Engine
    owner: OwnerConfig
    config: EngineConfig
    book: Callable[[], Awaitable[BlendBook]]

    async def answer(self, request: ReplyRequest) -> Reply | ReplyFailed:
        """The reply, with the blend really in force. EngineStopped when the engine died (`engine_watch` minds it)."""
        card = card_for(self.owner, request.contact_type, request.contact_name)
        try:
            room = self.config.context_tokens - self.config.max_new_tokens
            prompt = render_prompt(self.tokenizer, card, request.lines, room)
        except PromptTooLong as error:
            return ReplyFailed(request.request_id, request.chat_key, "too_long", str(error))
        lease = self.bank.gains_for(resolve(await self.book(), request.contact_type, request.contact_id))
        begun_ms = time.time() * 1000
        try:
            generated = await self.engine.generate(
                Generation(
                    request_id=request.request_id,
                    prompt_ids=tuple(prompt),
                    max_new_tokens=self.config.max_new_tokens,
                    stop_ids=stop_ids(self.tokenizer),
                    gains=lease.gains,
                    salt=lease.salt,
                    temperature=self.config.temperature,
                    top_p=self.config.top_p,
                    greedy=request.greedy,
                )
            )
        except EngineStopped:
            log.warning("engine_stopped", request_id=request.request_id)
            raise
        finally:
            self.bank.release(lease)
        return Reply(
            request_id=request.request_id,
            chat_key=request.chat_key,
            text=decode_reply(self.tokenizer, generated.ids),
            contact_type=request.contact_type,
            blend=lease.blend,
            facet_versions=lease.versions,
            prompt_tokens=len(prompt),
            reply_tokens=len(generated.ids),
            queue_ms=max(0, round(begun_ms - request.created_ms)),
            generate_ms=generated.generate_ms,
            finish=generated.finish,
        )
