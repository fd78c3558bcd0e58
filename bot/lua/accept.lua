-- Make a line durable, once.
-- Invariant: a contact's line enters `seen`, the mailbox and both histories together, or none of them.
-- The owner's own line never waits for an answer: it ends what was waiting, and we stand down.
local seen = key.seen .. arg.line_id
if redis.call('EXISTS', seen) == 1 then
  redis.call('HINCRBY', key.counts, 'duplicate', 1)
  return 'duplicate'
end
local now = now_ms()
local waiting = redis.call('LLEN', key.mailbox)
if arg.from_owner == '1' then
  if waiting > 0 then
    local request_id = arg.chat_key .. ':' .. line_id(redis.call('LINDEX', key.mailbox, -1))
    take_lines(waiting, request_id)
    conclude(request_id, 'skipped', 'owner answered')
  end
  close_turn()
  redis.call('HSET', key.chat, 'takeover_ms', now, 'stand_down_until_ms', now + arg.takeover_ms)
else
  if waiting >= tonumber(arg.mailbox_lines) then
    redis.call('HINCRBY', key.counts, 'full', 1)
    return 'full'
  end
  redis.call('RPUSH', key.mailbox, string.format('%d', now) .. ' ' .. arg.mail)
end
redis.call('SET', seen, 1, 'EX', arg.keep_s)
remember(arg.line)
show(arg.line)
reschedule()
new_fence()
keep_chat()
return 'taken'
