-- Stands before every script, after the prelude: outcomes, and what is told of them.

-- The `dead` stream is a report, not work: its oldest letters give way.
local DEAD_LETTERS = 10000
-- A correction holds at most so many lines before it.
local CORRECTION_LINES = 40

-- Who wrote last in this chat, as JSON; '' when nobody has looked at it yet.
local function contact()
  return redis.call('HGET', key.chat, 'contact') or ''
end

-- Begin an outcome: whose lines it holds, and what was decided on them.
local function open_outcome(request_id, ids, first_ms)
  local who = contact() ~= '' and cjson.decode(contact()) or {contact_id = '', name = '', contact_type = ''}
  local turn = redis.call('HMGET', key.chat, 'decision', 'opened_ms')
  redis.call('HSET', key.outcome .. request_id, 'chat_key', arg.chat_key, 'lines', #ids > 0 and cjson.encode(ids) or '[]',
    'first_ms', string.format('%d', first_ms), 'contact_id', who.contact_id, 'contact_name', who.name,
    'contact_type', who.contact_type, 'decision', turn[1] or '', 'opened_ms', turn[2] or '0')
end

-- Take the first n lines (at least one) out of the mailbox and put their ids into the outcome of this request: one or
-- the other. Returns the entries.
local function take_lines(n, request_id)
  local entries = redis.call('LRANGE', key.mailbox, 0, n - 1)
  redis.call('LTRIM', key.mailbox, n, -1)
  local ids = {}
  for i, entry in ipairs(entries) do
    ids[i] = line_id(entry)
  end
  open_outcome(request_id, ids, accepted_ms(entries[1]))
  return entries
end

local function tell_owner(request_id, chat_key, state, reason)
  redis.call('XADD', key.dead, 'MAXLEN', DEAD_LETTERS, '*', 'request_id', request_id, 'chat_key', chat_key,
    'state', state, 'reason', reason)
end

-- The one place where a turn ends, and where its days begin to count: nothing expires while a bubble or the owner waits.
-- A held turn ends again when its draft does: it is then counted there and no longer as held.
-- What the owner should see goes to the `dead` stream as well.
local function conclude(request_id, state, reason)
  local outcome, ledger, now = key.outcome .. request_id, key.ledger .. request_id, now_ms()
  local counted = redis.call('HGET', outcome, 'counted')
  if counted then
    redis.call('HINCRBY', key.counts, counted, -1)
  end
  redis.call('HINCRBY', key.counts, state, 1)
  redis.call('HSET', outcome, 'state', state, 'reason', reason, 'ended_ms', string.format('%d', now), 'counted', state)
  if state ~= 'held' then
    redis.call('EXPIRE', outcome, arg.keep_s)
    redis.call('EXPIRE', ledger, arg.keep_s)
  end
  redis.call('HSET', key.chat, 'last_request', request_id)
  redis.call('LPUSH', key.recent, state .. ' ' .. request_id)
  redis.call('LTRIM', key.recent, 0, arg.recent_turns - 1)
  redis.call('ZADD', key.ended, now, request_id)
  redis.call('ZREMRANGEBYSCORE', key.ended, '-inf', now - arg.keep_s * 1000)
  if state == 'dead' or state == 'unknown' then
    tell_owner(request_id, arg.chat_key, state, reason)
  end
  redis.call('PUBLISH', key.channel, request_id)
end

-- Keep what the owner did, with the chat up to it: to be called before his words enter the history. Of a line of his own
-- that nothing of ours waited for, with what came since his last one, that one included: what was before is kept there.
-- Returns the entry's id.
local function correct(what, request_id, proposed, final, blend, who)
  local lines = redis.call('LRANGE', key.history, -CORRECTION_LINES, -1)
  for i = #lines, 1, -1 do
    if what == 'takeover' and cjson.decode(lines[i]).author == 'owner' then
      lines = {unpack(lines, i)}
      break
    end
  end
  return redis.call('XADD', key.corrections, '*', 'at_ms', string.format('%d', now_ms()), 'chat_key', arg.chat_key,
    'request_id', request_id, 'outcome', what, 'contact', who, 'lines', '[' .. table.concat(lines, ',') .. ']',
    'proposed', proposed, 'final', final, 'blend', blend)
end
