-- Turn the result of the open turn into bubbles to send, or into a draft.
-- Invariant: the first commit of a request wins; from this moment its lines are out of the mailbox and in its outcome.
-- A result whose turn was superseded, taken over or already committed is dropped.
drop_result(arg.entry_id)
if redis.call('HGET', key.chat, 'request_id') ~= arg.request_id then
  return 'stale'
end
local now = now_ms()
local outcome = key.outcome .. arg.request_id
local n, mode, request = unpack(redis.call('HMGET', key.chat, 'n', 'mode', 'request'))
local mails = take_lines(tonumber(n), arg.request_id)
for name, value in pairs(cjson.decode(arg.facts)) do
  redis.call('HSET', outcome, name, value)
end
redis.call('HSET', outcome, 'committed_ms', string.format('%d', now))
close_turn()
reschedule()
new_fence()
if mode == 'hold' then
  if redis.call('LLEN', key.mailbox) > 0 then
    conclude(arg.request_id, 'skipped', 'draft went stale: a newer line came')
    return 'outdated'
  end
  local no = string.format('%d', redis.call('INCR', key.draft_counter))
  redis.call('HSET', key.draft .. no, 'no', no, 'request_id', arg.request_id, 'chat_key', arg.chat_key,
    'contact', contact(), 'lines', arg.lines, 'text', arg.text, 'blend', arg.blend, 'state', 'open', 'version', 1,
    'created_ms', string.format('%d', now), 'deadline_ms', redis.call('HGET', key.chat, 'answer_until_ms') or '0',
    'mails', cjson.encode(mails), 'request', request, 'tries', 0)
  redis.call('HSET', key.chat, 'draft', no)
  redis.call('HSET', outcome, 'draft', no)
  redis.call('ZADD', key.drafts, now, no)
  conclude(arg.request_id, 'held', 'waits for the owner')
  return 'held'
end
remember(arg.line)
-- until it has begun to leave its lines can still wait again (call_back.lua)
redis.call('HSET', outcome, 'state', 'sending', 'line', arg.line, 'mails', cjson.encode(mails))
enqueue(arg.request_id, cjson.decode(arg.bubbles))
return 'committed'
