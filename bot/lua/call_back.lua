-- Stands before every script, after `drafts`: a reply of its own accord is called back, and its lines wait again.

-- Whether nothing of this reply has left, may have, or is being sent now; what left of its notice does not count.
local function unbegun(request_id)
  local entries = redis.call('HGETALL', key.ledger .. request_id)
  for i = 1, #entries, 2 do
    local waits = entries[i + 1] == 'pending' or entries[i + 1] == 'withdrawn'
    if string.find(entries[i + 1], '^sending') or not (waits or is_notice(entries[i])) then
      return false
    end
  end
  return true
end

-- Whether the owner has made the chat his own since this reply was decided on.
local function taken_over(committed_ms)
  return tonumber(redis.call('HGET', key.chat, 'takeover_ms') or 0) >= tonumber(committed_ms)
end

-- The replies in the outbox whose lines can wait again, in order: nothing of them has left (`mails` is gone then) and
-- no reply that the owner approved stands behind, which would overtake their lines.
local function returnable()
  local found, known = {}, {}
  for _, raw in ipairs(redis.call('LRANGE', key.outbox, 0, -1)) do
    local request_id = cjson.decode(raw).request_id
    if not known[request_id] then
      known[request_id] = true
      local mails, draft, committed_ms =
        unpack(redis.call('HMGET', key.outcome .. request_id, 'mails', 'draft', 'committed_ms'))
      if draft then
        found = {}
      elseif mails and not taken_over(committed_ms) and unbegun(request_id) then
        found[#found + 1] = request_id
      end
    end
  end
  return found
end

-- Takes the bubbles of these replies out of the outbox. Whoever had claimed the first of them is late.
local function take_out(wanted)
  local bubbles = redis.call('LRANGE', key.outbox, 0, -1)
  local left, head_went = {}, false
  for i, raw in ipairs(bubbles) do
    local bubble = cjson.decode(raw)
    if wanted[bubble.request_id] then
      redis.call('HSET', key.ledger .. bubble.request_id, bubble.bubble_id, 'withdrawn')
      head_went = head_went or i == 1
    else
      left[#left + 1] = raw
    end
  end
  redis.call('DEL', key.outbox)
  if #left > 0 then
    redis.call('RPUSH', key.outbox, unpack(left))
  end
  if head_went then
    next_fence('send_fence')
    redis.call('HDEL', key.chat, 'send_tries')
    if #left > 0 then
      redis.call('ZADD', key.outboxes, now_ms() + cjson.decode(left[1]).delay_ms, arg.chat_key)
    else
      redis.call('ZREM', key.outboxes, arg.chat_key)
    end
  end
end

-- The outcome keeps those of its lines that are not in these mails, and ends.
local function end_called_back(request_id, mails)
  local waits, ids = {}, {}
  for _, mail in ipairs(mails) do
    waits[line_id(mail)] = true
  end
  local outcome = key.outcome .. request_id
  local lines, line = unpack(redis.call('HMGET', outcome, 'lines', 'line'))
  for _, id in ipairs(cjson.decode(lines)) do
    if not waits[id] then
      ids[#ids + 1] = id
    end
  end
  redis.call('HSET', outcome, 'lines', #ids > 0 and cjson.encode(ids) or '[]')
  redis.call('LREM', key.history, -1, line)
  redis.call('HDEL', outcome, 'line', 'mails')
  conclude(request_id, 'skipped', 'called back')
end

-- Call back every reply of its own accord: what has begun to leave stops (begin.lua), the lines of the others go back
-- into the mailbox, before newer ones, to be decided anew under another name. Returns the set of those others.
local function call_back()
  redis.call('HSET', key.chat, 'recalled_ms', string.format('%d', now_ms()))
  local back, wanted = {}, {}
  for _, request_id in ipairs(returnable()) do
    wanted[request_id] = true
    local mails = cjson.decode(redis.call('HGET', key.outcome .. request_id, 'mails'))
    for _, mail in ipairs(mails) do
      back[#back + 1] = mail
    end
    end_called_back(request_id, mails)
  end
  take_out(wanted)
  if #back == 0 then
    return wanted
  end
  local draft = open_draft()
  if draft then
    local request_id, mails = unpack(redis.call('HMGET', key.draft .. draft, 'request_id', 'mails'))
    for _, mail in ipairs(cjson.decode(mails)) do
      back[#back + 1] = mail
    end
    redis.call('HSET', key.outcome .. request_id, 'lines', '[]')
    go_stale(draft, 'an earlier line is decided on anew')
  end
  for i = #back, 1, -1 do
    redis.call('LPUSH', key.mailbox, back[i])
  end
  redis.call('HINCRBY', key.chat, 'edits', 1)
  close_turn()
  reschedule()
  new_fence()
  return wanted
end
