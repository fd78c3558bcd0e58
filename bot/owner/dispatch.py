"""Which answer belongs to which command: one match over the whole union, and nothing else."""

from typing import assert_never

from bot.owner import (
    access_answers,
    blend_answers,
    contact_answers,
    draft_answers,
    mode_answers,
    schedule_answers,
    turn_answers,
)
from bot.owner import commands as say
from bot.owner.answers import Answer
from bot.owner.commands import Command
from bot.owner.menu import help_for
from bot.owner.office import Office
from bot.owner.status_answer import status


async def carry_out(office: Office, command: Command, platform: str, now_ms: int) -> Answer:  # noqa: PLR0911, PLR0912
    """Do what this command says. `platform`: where it was said."""
    match command:
        case say.Help(about):
            return Answer(help_for(about))
        case say.Status():
            return await status(office, now_ms)
        case say.Autoreply():
            return await mode_answers.autoreply(office, command, now_ms)
        case say.Pause():
            return await mode_answers.pause(office, command, now_ms)
        case say.Resume():
            return await mode_answers.resume(office, command)
        case say.Panic():
            return await mode_answers.panic(office)
        case say.Drafts():
            return await draft_answers.drafts(office, now_ms)
        case say.DraftVerb():
            return await draft_answers.draft_verb(office, command, now_ms)
        case say.Contacts():
            return await contact_answers.contacts(office)
        case say.ContactShow(who):
            return await contact_answers.contact_show(office, who, now_ms)
        case say.ContactType():
            return await contact_answers.contact_type(office, command, now_ms)
        case say.ContactName():
            return await contact_answers.contact_name(office, command)
        case say.ContactMerge():
            return await contact_answers.contact_merge(office, command, now_ms)
        case say.ContactBlock():
            return await contact_answers.contact_block(office, command, now_ms)
        case say.Chats():
            return await contact_answers.chats(office, now_ms)
        case say.BlendShow(of):
            return await blend_answers.blend_show(office, of)
        case say.BlendSet():
            return await blend_answers.blend_set(office, command)
        case say.BlendClear():
            return await blend_answers.blend_clear(office, command)
        case say.Why(chat):
            return await turn_answers.explain(office, chat)
        case say.Undo(chat):
            return await turn_answers.undo_reply(office, chat)
        case say.Digest(since_ms):
            return await turn_answers.report(office, since_ms, now_ms)
        case say.DigestDaily():
            return await turn_answers.digest_daily(office, command)
        case say.ScheduleShow():
            return await schedule_answers.schedule(office, now_ms)
        case say.ScheduleAdd():
            return await schedule_answers.schedule_add(office, command, now_ms)
        case say.ScheduleRemove():
            return await schedule_answers.schedule_remove(office, command, now_ms)
        case say.ScheduleZone():
            return await schedule_answers.schedule_zone(office, command, now_ms)
        case say.Pair():
            return access_answers.pair_elsewhere()
        case say.Unpair():
            return await access_answers.unpair(office, platform)
        case impossible:
            assert_never(impossible)
