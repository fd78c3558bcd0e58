-- Stands before every script. `key.<name>` is a key (bot/keys.py), `arg.<name>` an argument; both tables are made by
-- bot/scripts.py. All times are milliseconds of this server's clock: one clock for every process.

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A mailbox entry is '<accepted_ms> <Mail as JSON>'.
local function accepted_ms(entry)
  return tonumber(string.match(entry, '^%d+'))
end

local function line_id(entry)
  return cjson.decode(string.sub(entry, string.find(entry, ' ', 1, true) + 1)).line.line_id
end

-- When to look at the chat: its burst is over (quiet time), or has gone on for the longest wait. Nothing waits: never.
local function reschedule()
  local first = redis.call('LINDEX', key.mailbox, 0)
  if not first then
    redis.call('ZREM', key.due, arg.chat_key)
    return
  end
  local last = redis.call('LINDEX', key.mailbox, -1)
  local quiet = accepted_ms(last) + arg.quiet_ms
  local longest = accepted_ms(first) + arg.longest_wait_ms
  redis.call('ZADD', key.due, math.min(quiet, longest), arg.chat_key)
end

local function remember(line)
  redis.call('RPUSH', key.history, line)
  redis.call('LTRIM', key.history, -arg.history_lines, -1)
end

-- Whoever looked at the chat before this moment no longer knows it: their next fenced script does nothing.
local function new_fence()
  return redis.call('HINCRBY', key.chat, 'fence', 1)
end

local function close_turn()
  redis.call('HDEL', key.chat, 'request_id', 'n', 'request', 'deadline_ms', 'mode', 'attempt')
  redis.call('SREM', key.composing, arg.chat_key)
end

-- Take the first n lines out of the mailbox and put their ids into the outcome of this request: one or the other.
local function take_lines(n, request_id)
  local entries = redis.call('LRANGE', key.mailbox, 0, n - 1)
  redis.call('LTRIM', key.mailbox, n, -1)
  local ids = {}
  for i, entry in ipairs(entries) do
    ids[i] = line_id(entry)
  end
  redis.call('HSET', key.outcome .. request_id, 'chat_key', arg.chat_key, 'lines', cjson.encode(ids),
    'first_ms', accepted_ms(entries[1]))
  redis.call('EXPIRE', key.outcome .. request_id, arg.keep_s)
end

-- The one place where a turn ends. What the owner should see goes to the `dead` stream as well.
local function conclude(request_id, state, reason)
  redis.call('HSET', key.outcome .. request_id, 'state', state, 'reason', reason, 'ended_ms', now_ms())
  redis.call('LPUSH', key.recent, request_id)
  redis.call('LTRIM', key.recent, 0, arg.recent_turns - 1)
  redis.call('HINCRBY', key.counts, state, 1)
  if state == 'dead' or state == 'unknown' then
    redis.call('XADD', key.dead, '*', 'request_id', request_id, 'chat_key', arg.chat_key, 'state', state,
      'reason', reason)
  end
  redis.call('PUBLISH', key.ended, request_id)
end

-- The bubble that says that a machine answers. It has a new id each time it is tried.
local function is_notice(bubble_id)
  return string.find(bubble_id, '#notice', 1, true) ~= nil
end

-- A result is gone from its stream in the same script that acts on it.
local function drop_result(entry_id)
  redis.call('XACK', key.results, arg.group, entry_id)
  redis.call('XDEL', key.results, entry_id)
end
