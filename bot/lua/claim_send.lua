-- Take a chat's outbox for one lease. Returns the fence and the first bubble.
-- Invariants: one sender a chat, so its bubbles leave in order; nothing leaves before the chat has had its notice.
local now = now_ms()
local moment = redis.call('ZSCORE', key.outboxes, arg.chat_key)
if not moment or tonumber(moment) > now then
  return false
end
local head = redis.call('LINDEX', key.outbox, 0)
if not head then
  redis.call('ZREM', key.outboxes, arg.chat_key)
  return false
end
redis.call('ZADD', key.outboxes, now + arg.lease_ms, arg.chat_key)
if redis.call('HEXISTS', key.chat, 'disclosed_ms') == 0 then
  local first = cjson.decode(head)
  if not is_notice(first.bubble_id) then
    local request_id = first.request_id
    local notice_id = request_id .. '#notice' .. (redis.call('HGET', key.chat, 'notice_tries') or '')
    head = cjson.encode({bubble_id = notice_id, request_id = request_id, text = arg.notice, delay_ms = 0})
    redis.call('LPUSH', key.outbox, head)
    redis.call('HSET', key.ledger .. request_id, notice_id, 'pending')
  end
end
return {next_fence('send_fence'), head}
