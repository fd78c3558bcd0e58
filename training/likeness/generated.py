"""Has the clone answer held-out lines, sampled exactly as it is served: same card, same batch engine, same temperature.

Knows the bank and prompts; not what the replies are used for. The prompts of a batch are put before the engine at once
and under a seed of their own, so that the same prompts get the same replies, also after an interruption.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
import torch

from model_server.blends import BlendBook
from model_server.contract import Blend, Line, Reply, ReplyRequest
from model_server.engine import BatchingEngine
from model_server.voice import Voice
from training.likeness.prompts import Prompt
from training.manifest import digest_of
from training.pipeline import Settings
from training.private_file import replace_file
from training.whole_bank import WholeBank

BlendFor = Callable[[str, str], Blend]
"""The blend for a contact type and a contact's id."""
Told = Callable[[int, int], None]
"""Told how many replies are there, and of how many."""

_BATCHES = 4
"""Of the engine's size each, kept together: an interruption loses no more."""
_FOREVER_MS = 2**53


@dataclass(frozen=True, slots=True)
class Generated:
    """A reply of the clone's beside the owner's real one; `asked`: what both answer. May be empty."""

    contact_type: str
    contact_id: str
    asked: tuple[Line, ...]
    real: str
    text: str
    finish: Literal["stop", "length"]


class _Answer(msgspec.Struct, frozen=True):
    """What is kept of one reply; None: the prompt is too long to be answered at all."""

    text: str
    finish: Literal["stop", "length"]


def generate(
    whole: WholeBank,
    settings: Settings,
    prompts: Sequence[Prompt],
    blend_for: BlendFor,
    told: Told = lambda _done, _total: None,
    *,
    kept: Path | None = None,
) -> list[Generated]:
    """A reply to each prompt, in order; one whose card leaves it no room is left out, as the worker would refuse it.

    `kept`: a directory for what is finished, from where an interrupted call goes on.
    """
    if not prompts:
        return []
    return asyncio.run(_generate(_Speaker(whole, settings, kept), prompts, blend_for, told))


async def _generate(speaker: "_Speaker", prompts: Sequence[Prompt], blend_for: BlendFor, told: Told) -> list[Generated]:
    size = _BATCHES * speaker.settings.engine.max_requests
    answers: list[_Answer | None] = []
    try:
        for start in range(0, len(prompts), size):
            part = prompts[start : start + size]
            blends = [blend_for(prompt.contact_type, prompt.contact_id) for prompt in part]
            answers += await speaker.answers(part, blends, partial(_tell, told, len(answers), len(prompts)))
            told(len(answers), len(prompts))
    finally:
        speaker.stop()
    return [
        Generated(prompt.contact_type, prompt.contact_id, prompt.asked, prompt.real, answer.text, answer.finish)
        for prompt, answer in zip(prompts, answers, strict=True)
        if answer is not None
    ]


def _tell(told: Told, before: int, total: int, done: int) -> None:
    told(before + done, total)


class _Speaker:
    """One engine, started when the first reply is not there yet."""

    def __init__(self, whole: WholeBank, settings: Settings, kept: Path | None) -> None:
        self.settings = settings
        self._whole = whole
        self._kept = kept
        self._engine = BatchingEngine(whole.base, whole.bank, settings.engine)

    def stop(self) -> None:
        """Give the model back as it was."""
        self._engine.stop()

    async def answers(
        self, prompts: Sequence[Prompt], blends: Sequence[Blend], told: Callable[[int], None]
    ) -> list[_Answer | None]:
        """The replies to a few prompts, kept or new."""
        name = self._name(prompts, blends)
        path = self._kept / f"{name}.json" if self._kept else None
        if path is not None and (found := _read(path)) is not None:
            return found
        answers = await self._new(prompts, blends, int(name[:15], 16), told)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(path, msgspec.json.encode(answers))
        return answers

    async def _new(
        self, prompts: Sequence[Prompt], blends: Sequence[Blend], seed: int, told: Callable[[int], None]
    ) -> list[_Answer | None]:
        self._engine.start()
        # each prompt is a contact of its own here, and so has the blend it is given, whatever chose that
        book = BlendBook(contacts={str(at): blend for at, blend in enumerate(blends)})

        async def read_book() -> BlendBook:
            return book

        tokenizer, bank = self._whole.base.tokenizer, self._whole.bank
        voice = Voice(tokenizer, bank, self._engine, self.settings.owner, self.settings.engine, read_book)
        done = 0

        async def answer(at: int, prompt: Prompt) -> _Answer | None:
            nonlocal done
            reply = await voice.answer(_request(at, prompt))
            done += 1
            told(done)
            return _Answer(reply.text, reply.finish) if isinstance(reply, Reply) else None

        device = self._whole.base.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            # nothing runs yet, so the pause is had at once; in it all of them get in line before the first step
            with self._engine.pause():
                tasks = [asyncio.create_task(answer(at, prompt)) for at, prompt in enumerate(prompts)]
                await asyncio.sleep(0)
            return list(await asyncio.gather(*tasks))

    def _name(self, prompts: Sequence[Prompt], blends: Sequence[Blend]) -> str:
        base, settings = self._whole.base.name, self.settings
        asked = [[prompt.contact_type, prompt.contact_name, prompt.lines] for prompt in prompts]
        voice = [settings.owner, settings.engine, settings.facets, sorted(self._whole.live.items())]
        return digest_of(base, voice, settings.training.seed, asked, [sorted(blend.items()) for blend in blends])


def _request(at: int, prompt: Prompt) -> ReplyRequest:
    return ReplyRequest(
        request_id=f"held-out:{at}",
        chat_key=prompt.session.chat_key,
        contact_id=str(at),
        contact_name=prompt.contact_name,
        contact_type=prompt.contact_type,
        lines=prompt.lines,
        created_ms=0,
        deadline_ms=_FOREVER_MS,
    )


def _read(path: Path) -> list[_Answer | None] | None:
    """What was kept; None when nothing was, or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[_Answer | None])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
