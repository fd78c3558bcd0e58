-- The last look before a send: kill switch, fence, takeover, ledger.
-- Invariant: a bubble whose send began under another fence may be out already: it is sent again only where that is safe.
-- Repeating this script under the same fence is allowed, to who knows that it has not sent yet.
if redis.call('HGET', key.chat, 'send_fence') ~= arg.fence then
  return 'lost'
end
if redis.call('EXISTS', key.halt) == 1 then
  redis.call('ZADD', key.outboxes, now_ms() + arg.halted_ms, arg.chat_key)
  return 'halted'
end
local ledger = key.ledger .. arg.request_id
local state = redis.call('HGET', ledger, arg.bubble_id)
local mine = 'sending ' .. arg.fence
if state == 'pending' then
  local takeover = tonumber(redis.call('HGET', key.chat, 'takeover_ms') or 0)
  if takeover >= tonumber(redis.call('HGET', key.outcome .. arg.request_id, 'committed_ms')) then
    return 'withdrawn'
  end
elseif state ~= mine and arg.resend_is_safe ~= '1' then
  return 'hidden'
end
redis.call('HSET', ledger, arg.bubble_id, mine)
-- The lease counts from here: the answer to the claim may have taken its time.
redis.call('ZADD', key.outboxes, now_ms() + arg.lease_ms, arg.chat_key)
return 'go'
