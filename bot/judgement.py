"""What may be made of a reply, and what is kept of it: the guard and honesty together. Pure.

Knows no Redis and no turn beyond its lines.
"""

import msgspec

from bot.guard import Allow, Verdict, check
from bot.honesty import asks_for_honesty, made_honest
from model_server.contract import Line, Reply


def judge(reply: Reply, turn: tuple[Line, ...], honest_answer: str) -> Verdict:
    """`Allow` holds the words that may be said to these lines: honest when somebody asks, whatever the reply was."""
    match check(reply.text, turn, cut_off=reply.finish == "length"):
        case Allow(text):
            return Allow(made_honest(text, turn, honest_answer))
        case _ if asks_for_honesty(turn):  # the truth needs no reply beside it
            return Allow(honest_answer)
        case refused:
            return refused


def facts_of(reply: Reply, text: str) -> dict[str, str]:
    """What the outcome keeps of how a reply was made; `text` are the words it became."""
    return {
        "reply": text,
        "contact_type": reply.contact_type,
        "blend": msgspec.json.encode(reply.blend).decode(),
        "facet_versions": msgspec.json.encode(reply.facet_versions).decode(),
        "prompt_tokens": str(reply.prompt_tokens),
        "reply_tokens": str(reply.reply_tokens),
        "queue_ms": str(reply.queue_ms),
        "generate_ms": str(reply.generate_ms),
    }
