-- Stands before every script: time, lines, and the life of a chat. `key.<name>` is a key (bot/keys.py), `arg.<name>` an
-- argument; both tables are made by bot/scripts.py. All times are milliseconds of this server's clock: one clock for
-- every process.

-- What is known of a chat goes when it has been silent for so long: history, and that its notice was given.
local CHAT_KEEP_S = 90 * 86400
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

local function mail_of(entry)
  return cjson.decode(string.sub(entry, string.find(entry, ' ', 1, true) + 1))
end

local function line_id(entry)
  return mail_of(entry).line.line_id
end

-- The name of the turn that ends with this line. Lines that were changed while they waited make another turn.
local function request_id_of(last_line_id)
  local edits = redis.call('HGET', key.chat, 'edits')
  return arg.chat_key .. ':' .. last_line_id .. (edits and '~' .. edits or '')
end

-- When to look at the chat: its burst is over (quiet time), or has gone on for the longest wait. Nothing waits: never.
local function reschedule()
  redis.call('HDEL', key.chat, 'deferred_until_ms')
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

-- The place (from 0) and the stored form of a line in `history` or `shown`; nothing when it is not there.
local function find_line(list, id)
  for i, line in ipairs(redis.call('LRANGE', list, 0, -1)) do
    if cjson.decode(line).line_id == id then
      return i - 1, line
    end
  end
end

local function keep_chat()
  for _, name in ipairs({key.chat, key.history, key.shown}) do
    redis.call('EXPIRE', name, CHAT_KEEP_S)
  end
end

-- Whoever looked at the chat before this moment no longer knows it: their next fenced script does nothing.
-- Counted from the clock in microseconds, less than any script takes, so that a chat that was forgotten never gives an
-- old number out again.
local function next_fence(name)
  local time = redis.call('TIME')
  redis.call('HSETNX', key.chat, name, string.format('%d', time[1] * 1000000 + time[2]))
  return redis.call('HINCRBY', key.chat, name, 1)
end

local function new_fence()
  return next_fence('fence')
end

local function close_turn()
  redis.call('HDEL', key.chat, 'request_id', 'n', 'request', 'deadline_ms', 'mode', 'attempt', 'decision', 'opened_ms')
  redis.call('SREM', key.composing, arg.chat_key)
end

-- Bubbles of a reply go to the end of the outbox; the first leaves after its own pause.
local function enqueue(request_id, bubbles)
  for _, bubble in ipairs(bubbles) do
    redis.call('RPUSH', key.outbox, bubble)
    redis.call('HSET', key.ledger .. request_id, cjson.decode(bubble).bubble_id, 'pending')
  end
  -- NX: the moment of a chat that the platform told to wait, or whose bubble is being sent, stays.
  redis.call('ZADD', key.outboxes, 'NX', now_ms() + cjson.decode(bubbles[1]).delay_ms, arg.chat_key)
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
