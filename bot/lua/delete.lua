-- Lines were taken back: nothing of them is kept or answered.
-- Invariant: a line that waited ends as skipped; what is left of its turn or draft is decided anew.
local gone = {}
for _, id in ipairs(cjson.decode(arg.line_ids)) do
  gone[id] = true
  -- also one that is still on its way to us is not wanted any more
  redis.call('SET', key.seen .. id, 1, 'EX', arg.keep_s)
  for _, list in ipairs({key.history, key.shown}) do
    local _, line = find_line(list, id)
    if line then
      redis.call('LREM', list, 1, line)
    end
  end
end
-- Splits entries of a mailbox: what is left, the ids of the others, and whether one of the first n is among these.
local function without(entries, n)
  local left, ids, covered = {}, {}, false
  for i, entry in ipairs(entries) do
    local id = line_id(entry)
    if gone[id] then
      ids[#ids + 1] = id
      covered = covered or i <= n
    else
      left[#left + 1] = entry
    end
  end
  return left, ids, covered
end
-- A reply of its own accord to such a line is called back; what else it answers is decided anew.
local leaving = false
for _, raw in ipairs(redis.call('LRANGE', key.outbox, 0, -1)) do
  local outcome = key.outcome .. cjson.decode(raw).request_id
  local lines, draft, mails = unpack(redis.call('HMGET', outcome, 'lines', 'draft', 'mails'))
  for _, id in ipairs(not draft and cjson.decode(lines) or {}) do
    leaving = leaving or gone[id]
  end
  if mails then
    local kept = without(cjson.decode(mails), 0)
    redis.call('HSET', outcome, 'mails', #kept > 0 and cjson.encode(kept) or '[]')
  end
end
if leaving then
  call_back()
end
local draft = open_draft()
local left, ids, covered = {}, {}, false
if draft then
  local of = key.draft .. draft
  left, ids = without(cjson.decode(redis.call('HGET', of, 'mails')), 0)
  local lines, changed = {}, false
  for _, line in ipairs(cjson.decode(redis.call('HGET', of, 'lines'))) do
    if gone[cjson.decode(line).line_id] then
      changed = true
    else
      lines[#lines + 1] = line
    end
  end
  if changed then
    redis.call('HSET', of, 'lines', #lines > 0 and cjson.encode(lines) or '[]')
    redis.call('HINCRBY', key.chat, 'edits', 1)
    local request_id = redis.call('HGET', of, 'request_id')
    redis.call('HSET', key.outcome .. request_id, 'lines', #ids > 0 and cjson.encode(ids) or '[]')
    if #left > 0 then
      redis.call('RPUSH', key.mailbox, unpack(left))
    end
    go_stale(draft, 'a line was taken back')
    reschedule()
    new_fence()
    return 'taken'
  end
end
local entries = redis.call('LRANGE', key.mailbox, 0, -1)
left, ids, covered = without(entries, tonumber(redis.call('HGET', key.chat, 'n') or 0))
if #ids == 0 then
  return leaving and 'taken' or 'duplicate'
end
redis.call('DEL', key.mailbox)
if #left > 0 then
  redis.call('RPUSH', key.mailbox, unpack(left))
end
redis.call('HINCRBY', key.chat, 'edits', 1)
local request_id = request_id_of(ids[#ids])
open_outcome(request_id, ids, accepted_ms(entries[1]))
conclude(request_id, 'skipped', 'taken back')
if covered then
  close_turn()
end
reschedule()
new_fence()
return 'taken'
