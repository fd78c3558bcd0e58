-- Stands before every script, after `ends`: the open draft of a chat. An open draft's chat has no line waiting:
-- a newer line ends it, and what is waited on again leaves it.

local LONGEST_OPEN_MS = 30 * 86400 * 1000

local function open_draft()
  return redis.call('HGET', key.chat, 'draft')
end

local function touch_draft(no, ...)
  redis.call('HSET', key.draft .. no, ...)
  redis.call('HINCRBY', key.draft .. no, 'version', 1)
end

-- The draft is over. What is only needed while it is open goes at once.
local function end_draft(no, state, reason, final)
  touch_draft(no, 'state', state, 'reason', reason, 'final', final, 'ended_ms', string.format('%d', now_ms()))
  redis.call('HDEL', key.draft .. no, 'mails', 'request', 'regenerating')
  redis.call('EXPIRE', key.draft .. no, arg.keep_s)
  redis.call('ZREM', key.drafts, no)
  if open_draft() == no then
    redis.call('HDEL', key.chat, 'draft')
  end
end

-- It ends without the owner's word on it, and its turn is skipped.
local function go_stale(no, reason)
  end_draft(no, 'stale', reason, '')
  conclude(redis.call('HGET', key.draft .. no, 'request_id'), 'skipped', 'draft went stale: ' .. reason)
end

-- Why a draft that is not open cannot be acted on.
local function no_longer(no)
  local state, reason = unpack(redis.call('HMGET', key.draft .. no, 'state', 'reason'))
  if not state then
    return 'unknown'
  end
  local by_hand = state == 'sent' or state == 'edited' or state == 'discarded' or reason == 'took over'
  return by_hand and 'already' or 'stale'
end

-- Past its deadline, or open for longer than anybody remembers what it answers: it goes stale. Returns whether it did.
local function ran_out(no)
  local deadline_ms, created_ms = unpack(redis.call('HMGET', key.draft .. no, 'deadline_ms', 'created_ms'))
  local now = now_ms()
  if (deadline_ms ~= '0' and now >= tonumber(deadline_ms)) or now - created_ms > LONGEST_OPEN_MS then
    go_stale(no, 'the time to answer is over')
    return true
  end
  return false
end
