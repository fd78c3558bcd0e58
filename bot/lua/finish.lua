-- Write down what became of the first bubble of the outbox, and end the turn when it was the reply's last.
-- Invariant: the ledger only moves forward, except that a bubble certainly not sent is pending again.
if redis.call('HGET', key.chat, 'send_fence') ~= arg.fence then
  return 'lost'
end
local function head()
  local bubble = redis.call('LINDEX', key.outbox, 0)
  return bubble and cjson.decode(bubble)
end
local first = head()
if not first or first.bubble_id ~= arg.bubble_id then
  return 'lost'
end
local now = now_ms()
local ledger, outcome = key.ledger .. arg.request_id, key.outcome .. arg.request_id
local verdict = arg.verdict
local before = redis.call('HGET', ledger, arg.bubble_id)
local at_risk = before and string.find(before, ' again$') ~= nil
if verdict == 'again' then
  -- nobody knows, but this platform shows one id once: the entry stays `sending`, and the bubble is sent again,
  -- more and more slowly and not for ever: a flaw that comes back each time must not hold the chat
  local tries = redis.call('HINCRBY', key.chat, 'send_tries', 1)
  if tries < tonumber(arg.send_tries) then
    local pause = math.min(arg.after_ms * 2 ^ (tries - 1), tonumber(arg.longest_ms))
    redis.call('ZADD', key.outboxes, now + pause, arg.chat_key)
    return 'later'
  end
  verdict = 'unknown'
end
if at_risk and string.find(verdict, '^failed') then
  verdict = 'unknown'  -- this try was refused, an earlier one may have arrived
end
if not (at_risk and verdict == 'pending') then
  redis.call('HSET', ledger, arg.bubble_id, verdict)
end
local because, draft, committed, mails =
  unpack(redis.call('HMGET', outcome, 'because', 'draft', 'committed_ms', 'mails'))
if verdict == 'withdrawn' and mails and not taken_over(committed) and call_back()[arg.request_id] then
  return 'ended'
end
if verdict == 'pending' then
  redis.call('ZADD', key.outboxes, now + arg.after_ms, arg.chat_key)
  return 'later'
end
redis.call('LPOP', key.outbox)
redis.call('HDEL', key.chat, 'send_tries')
if not is_notice(arg.bubble_id) then
  redis.call('HDEL', outcome, 'mails')
end
if string.find(verdict, '^sent') or verdict == 'unknown' then
  show(cjson.encode({line_id = arg.bubble_id, author = 'persona', text = first.text, at_ms = now}))
  if not is_notice(arg.bubble_id) then
    redis.call('HSET', key.chat, 'last_sent', arg.request_id)
  end
end
keep_chat()
-- A hidden notice is the one thing said again: twice does no harm, and a reply without it must not be. Not for ever.
if is_notice(arg.bubble_id) then
  local hidden = verdict == 'unknown' and redis.call('HINCRBY', key.chat, 'notice_tries', 1) or 0
  if string.find(verdict, '^sent') or hidden >= tonumber(arg.notice_tries) then
    redis.call('HSET', key.chat, 'disclosed_ms', now)
    if hidden > 0 then
      tell_owner(arg.request_id, arg.chat_key, 'unknown', 'its notice was hidden each time')
    end
  end
end
-- After a refusal or a takeover the rest of this reply stays unsaid.
local rest = head()
if string.find(verdict, '^failed') or verdict == 'withdrawn' then
  while rest and rest.request_id == arg.request_id do
    redis.call('LPOP', key.outbox)
    redis.call('HSET', ledger, rest.bubble_id, verdict)
    rest = head()
  end
end
if rest then
  redis.call('ZADD', key.outboxes, now + rest.delay_ms, arg.chat_key)
  if rest.request_id == arg.request_id then
    return 'next'
  end
else
  redis.call('ZREM', key.outboxes, arg.chat_key)
end
local sent, unknown, failed = false, false, false
local entries = redis.call('HGETALL', ledger)
for i = 1, #entries, 2 do
  local state, notice = entries[i + 1], is_notice(entries[i])
  -- what became of the notice says nothing of the reply, unless it is all of it
  if not notice or #entries == 2 then
    sent = sent or string.find(state, '^sent') ~= nil
    unknown = unknown or state == 'unknown'
    failed = failed or string.find(state, '^failed') ~= nil
  end
end
local line = redis.call('HGET', outcome, 'line')
if line and not sent and not unknown then
  redis.call('LREM', key.history, -1, line)
end
redis.call('HDEL', outcome, 'line', 'mails')
local state, reason = 'skipped', taken_over(committed) and 'owner answered' or 'called back'
if unknown then
  state, reason = 'unknown', 'the platform hid the outcome of a send'
elseif failed then
  state, reason = 'dead', (string.gsub(verdict, '^failed ', ''))
elseif sent then
  state, reason = 'answered', because or ''
end
conclude(arg.request_id, state, reason)
if draft and state ~= 'answered' then
  touch_draft(draft, 'reason', (state == 'unknown' and 'perhaps not sent: ' or 'not sent: ') .. reason)
end
return 'ended'
