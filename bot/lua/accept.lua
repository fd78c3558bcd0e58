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
  -- whatever of ours he was quicker than: a draft, a turn being written, a reply on its way out; or what he took over
  local request_id, taken_over_no = unpack(redis.call('HMGET', key.chat, 'request_id', 'taken_over'))
  local proposed, blend, instead_of = '', '{}', draft
  local leaving = redis.call('LINDEX', key.outbox, 0)
  if not draft and not request_id and leaving then
    request_id = cjson.decode(leaving).request_id
    local reply = redis.call('HMGET', key.outcome .. request_id, 'reply', 'blend', 'draft', 'approved')
    proposed, blend, instead_of = reply[1] or '', reply[2] or '{}', reply[3]
    if reply[4] and unbegun(request_id) then
      -- approved, and now said otherwise before any of it left: the one act gives way to the other
      redis.call('XDEL', key.corrections, reply[4])
    end
  elseif not draft and not request_id then
    instead_of = taken_over_no
  end
  if instead_of then
    local of = redis.call('HMGET', key.draft .. instead_of, 'request_id', 'text', 'blend')
    request_id, proposed, blend = of[1] or request_id, of[2] or proposed, of[3] or blend
  end
  redis.call('HDEL', key.chat, 'taken_over')
  if arg.text ~= '' then  -- where the platform hides his words, there is nothing to learn from
    correct(request_id and 'answered' or 'takeover', request_id or '', proposed, arg.text, blend, contact())
  end
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
if arg.text ~= '' or arg.from_owner ~= '1' then
  remember(arg.line)
  show(arg.line)
end
reschedule()
new_fence()
keep_chat()
return 'taken'
