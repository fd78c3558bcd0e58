-- Stands before every script. `key.<name>` is a key (bot/keys.py), `arg.<name>` an argument; both tables are made by
-- bot/scripts.py. All times are milliseconds of this server's clock: one clock for every process.

-- What is known of a chat goes when it has been silent for so long: history, and that its notice was given.
local CHAT_KEEP_S = 90 * 86400
-- The `dead` stream is a report, not work: its oldest letters give way.
local DEAD_LETTERS = 10000
-- A reply is at most so many bubbles (bot/pacing.py).
local MOST_BUBBLES = 4

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

-- What the persona reads: its own reply from the moment it was decided on.
local function remember(line)
  redis.call('RPUSH', key.history, line)
  redis.call('LTRIM', key.history, -arg.history_lines, -1)
end

-- What people are shown of the chat: lines as they came, bubbles once they were sent or may have been.
local function show(line)
  redis.call('RPUSH', key.shown, line)
  redis.call('LTRIM', key.shown, -arg.history_lines * MOST_BUBBLES, -1)
end

local function keep_chat()
  for _, name in ipairs({key.chat, key.history, key.shown}) do
    redis.call('EXPIRE', name, CHAT_KEEP_S)
  end
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
end

local function tell_owner(request_id, chat_key, state, reason)
  redis.call('XADD', key.dead, 'MAXLEN', DEAD_LETTERS, '*', 'request_id', request_id, 'chat_key', chat_key,
    'state', state, 'reason', reason)
end

-- The one place where a turn ends, and where its days begin to count: nothing expires while a bubble waits.
-- What the owner should see goes to the `dead` stream as well.
local function conclude(request_id, state, reason)
  redis.call('HSET', key.outcome .. request_id, 'state', state, 'reason', reason, 'ended_ms', now_ms())
  redis.call('EXPIRE', key.outcome .. request_id, arg.keep_s)
  redis.call('EXPIRE', key.ledger .. request_id, arg.keep_s)
  redis.call('LPUSH', key.recent, request_id)
  redis.call('LTRIM', key.recent, 0, arg.recent_turns - 1)
  redis.call('HINCRBY', key.counts, state, 1)
  if state == 'dead' or state == 'unknown' then
    tell_owner(request_id, arg.chat_key, state, reason)
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
