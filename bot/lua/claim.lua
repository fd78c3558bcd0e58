-- Take a due chat for one lease and read all that a decision needs.
-- Invariant: of all who saw the chat due, one gets it; who had it before has an old fence.
local now = now_ms()
local moment = redis.call('ZSCORE', key.due, arg.chat_key)
if not moment or tonumber(moment) > now then
  return false
end
if redis.call('LLEN', key.mailbox) == 0 then
  redis.call('ZREM', key.due, arg.chat_key)
  return false
end
redis.call('ZADD', key.due, now + arg.lease_ms, arg.chat_key)
local turn = redis.call('HMGET', key.chat, 'request_id', 'n', 'deadline_ms', 'stand_down_until_ms',
  'edits', 'answer_until_ms')
return {
  new_fence(), now, redis.call('LRANGE', key.mailbox, 0, -1), redis.call('LRANGE', key.history, 0, -1),
  turn[1] or '', turn[2] or '0', turn[3] or '0', turn[4] or '0',
  turn[5] or '0', turn[6] or '0', redis.call('EXISTS', key.halt),
}
