-- The last look before a send: fence, kill switch, ledger, takeover, changed orders, window.
-- Invariant: a bubble whose send began under another fence may be out already: it is sent again only while the platform
-- would show it once, and not after a takeover.
-- Repeating this script under the same fence is allowed, to who knows that it has not sent yet.
if redis.call('HGET', key.chat, 'send_fence') ~= arg.fence then
  return 'lost'
end
local now = now_ms()
local committed, draft, because =
  unpack(redis.call('HMGET', key.outcome .. arg.request_id, 'committed_ms', 'draft', 'because'))
local unasked = not draft and not because
-- Under the kill switch what somebody asked for waits; what nobody did is called back, also once the switch is off again.
local halted = redis.call('EXISTS', key.halt) == 1
if halted and not unasked then
  redis.call('ZADD', key.outboxes, now + arg.halted_ms, arg.chat_key)
  return 'halted'
end
local ledger = key.ledger .. arg.request_id
local state = redis.call('HGET', ledger, arg.bubble_id)
local fence, first_ms, again = string.match(state, '^sending (%d+) (%d+)(.*)$')
if not fence and state ~= 'pending' then
  return 'hidden'
end
local at_risk = fence ~= nil and (fence ~= arg.fence or again ~= '')
if at_risk and now - first_ms >= tonumber(arg.resend_safe_ms) then
  return 'hidden'
end
local takeover, recalled, answer_until =
  unpack(redis.call('HMGET', key.chat, 'takeover_ms', 'recalled_ms', 'answer_until_ms'))
local unwanted_ms = math.max(tonumber(recalled or 0), tonumber(redis.call('GET', key.resumed) or 0))
if (takeover and tonumber(takeover) >= tonumber(committed))
  or (unasked and (halted or unwanted_ms >= tonumber(committed))) then
  return at_risk and 'hidden' or 'withdrawn'
end
if answer_until and now >= tonumber(answer_until) then
  return at_risk and 'hidden' or 'closed'
end
redis.call('HSET', ledger, arg.bubble_id,
  'sending ' .. arg.fence .. ' ' .. (first_ms or string.format('%d', now)) .. (at_risk and ' again' or ''))
-- The lease counts from here: the answer to the claim may have taken its time.
redis.call('ZADD', key.outboxes, now + arg.lease_ms, arg.chat_key)
return 'go'
