-- Turn the result of the open turn into bubbles to send, or into a draft.
-- Invariant: the first commit of a request wins; from this moment its lines are out of the mailbox and in its outcome.
-- A result whose turn was superseded, taken over or already committed is dropped.
drop_result(arg.entry_id)
if redis.call('HGET', key.chat, 'request_id') ~= arg.request_id then
  return 'stale'
end
local now = now_ms()
local outcome = key.outcome .. arg.request_id
take_lines(tonumber(redis.call('HGET', key.chat, 'n')), arg.request_id)
for name, value in pairs(cjson.decode(arg.facts)) do
  redis.call('HSET', outcome, name, value)
end
local held = redis.call('HGET', key.chat, 'mode') == 'hold'
close_turn()
reschedule()
new_fence()
if held then
  -- Redis 6.2 expires no field of a hash: drafts whose outcome has expired go when a new one comes.
  for _, held_id in ipairs(redis.call('HKEYS', key.drafts)) do
    if redis.call('EXISTS', key.outcome .. held_id) == 0 then
      redis.call('HDEL', key.drafts, held_id)
    end
  end
  redis.call('HSET', key.drafts, arg.request_id, arg.draft)
  conclude(arg.request_id, 'held', 'waits for the owner')
  return 'held'
end
remember(arg.line)
redis.call('HSET', outcome, 'state', 'sending', 'committed_ms', now, 'line', arg.line)
local bubbles = cjson.decode(arg.bubbles)
local ledger = key.ledger .. arg.request_id
for _, bubble in ipairs(bubbles) do
  redis.call('RPUSH', key.outbox, bubble)
  redis.call('HSET', ledger, cjson.decode(bubble).bubble_id, 'pending')
end
-- NX: the moment of a chat that the platform told to wait, or whose bubble is being sent, stays.
redis.call('ZADD', key.outboxes, 'NX', now + cjson.decode(bubbles[1]).delay_ms, arg.chat_key)
return 'committed'
