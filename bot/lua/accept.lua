-- Make a line durable, once.
-- Invariant: a contact's line enters `seen`, the mailbox and both histories together, or none of them.
-- The owner's own line never waits for an answer: it ends what was waiting, and we stand down. His words are kept.
local seen = key.seen .. arg.line_id
if redis.call('EXISTS', seen) == 1 then
  redis.call('HINCRBY', key.counts, 'duplicate', 1)
  return 'duplicate'
end
local now = now_ms()
local waiting = redis.call('LLEN', key.mailbox)
local draft = open_draft()
if arg.from_owner == '1' then
  -- whatever of ours he was quicker than: a draft, a turn being written, a reply on its way out
  local request_id, proposed, blend = redis.call('HGET', key.chat, 'request_id'), '', '{}'
  local leaving = redis.call('LINDEX', key.outbox, 0)
  if draft then
    request_id, proposed, blend = unpack(redis.call('HMGET', key.draft .. draft, 'request_id', 'text', 'blend'))
  elseif not request_id and leaving then
    request_id = cjson.decode(leaving).request_id
    local reply = redis.call('HMGET', key.outcome .. request_id, 'reply', 'blend')
    proposed, blend = reply[1] or '', reply[2] or '{}'
  end
  correct(request_id and 'answered' or 'takeover', request_id or '', proposed, arg.text, blend, contact())
  if draft then
    end_draft(draft, 'answered', 'owner answered', '')
    conclude(request_id, 'skipped', 'owner answered')
  end
  if waiting > 0 then
    local ended = request_id_of(line_id(redis.call('LINDEX', key.mailbox, -1)))
    take_lines(waiting, ended)
    conclude(ended, 'skipped', 'owner answered')
  end
  close_turn()
  redis.call('HSET', key.chat, 'takeover_ms', now, 'stand_down_until_ms', now + arg.takeover_ms)
else
  if waiting >= tonumber(arg.mailbox_lines) then
    -- A chat put off for long (paused, asleep) must not stop its platform: what waits ends, the persona still reads it.
    if tonumber(redis.call('HGET', key.chat, 'deferred_until_ms') or 0) <= now then
      redis.call('HINCRBY', key.counts, 'full', 1)
      return 'full'
    end
    local ended = request_id_of(line_id(redis.call('LINDEX', key.mailbox, -1)))
    take_lines(waiting, ended)
    conclude(ended, 'skipped', 'too many lines waited')
  end
  if draft then
    go_stale(draft, 'a newer line came')
  end
  redis.call('RPUSH', key.mailbox, string.format('%d', now) .. ' ' .. arg.mail)
  redis.call('HDEL', key.chat, 'answer_until_ms')
  if arg.answer_until_ms ~= '' then
    redis.call('HSET', key.chat, 'answer_until_ms', arg.answer_until_ms)
  end
end
redis.call('SET', seen, 1, 'EX', arg.keep_s)
redis.call('ZADD', key.chats, now, arg.chat_key)
redis.call('ZREMRANGEBYSCORE', key.chats, '-inf', now - CHAT_KEEP_S * 1000)
remember(arg.line)
show(arg.line)
reschedule()
new_fence()
keep_chat()
return 'taken'
