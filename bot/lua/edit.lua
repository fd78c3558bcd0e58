-- A line now reads differently. It is replaced wherever it stands; whoever was answering it begins anew.
-- Invariant: the line stays in one place; a turn, a draft or an automatic reply made of its old words never leaves any
-- more (of a reply that had begun to leave, the rest).
-- Of a line never seen: `unseen` while it may still be on its way, to be taken as a new one.
if redis.call('EXISTS', key.seen .. arg.line_id) == 0 then
  return now_ms() - arg.at_ms < tonumber(arg.young_ms) and 'unseen' or 'duplicate'
end
local text = cjson.decode(arg.line).text
local changed = false
for _, list in ipairs({key.history, key.shown}) do
  local at, line = find_line(list, arg.line_id)
  if at and cjson.decode(line).text ~= text then
    redis.call('LSET', list, at, arg.line)
    changed = true
  end
end
-- Puts the new words into entries of a mailbox; the place (from 1) where other ones stood.
local function replace(entries)
  for i, entry in ipairs(entries) do
    local mail = mail_of(entry)
    if mail.line.line_id == arg.line_id and mail.line.text ~= text then
      entries[i] = string.match(entry, '^%d+') .. ' ' .. arg.mail
      return i
    end
  end
end
-- A reply of its own accord to the old words is called back.
local leaving = false
for _, raw in ipairs(redis.call('LRANGE', key.outbox, 0, -1)) do
  local outcome = key.outcome .. cjson.decode(raw).request_id
  local lines, draft, mails = unpack(redis.call('HMGET', outcome, 'lines', 'draft', 'mails'))
  for _, id in ipairs(changed and not draft and cjson.decode(lines) or {}) do
    leaving = leaving or id == arg.line_id
  end
  mails = mails and cjson.decode(mails) or {}
  if replace(mails) then
    redis.call('HSET', outcome, 'mails', cjson.encode(mails))
    leaving, changed = true, true
  end
end
if leaving then
  call_back()
end
local draft = open_draft()
if changed and draft then
  local of = key.draft .. draft
  local request_id, lines, mails = unpack(redis.call('HMGET', of, 'request_id', 'lines', 'mails'))
  for _, line in ipairs(cjson.decode(lines)) do
    if cjson.decode(line).line_id == arg.line_id then
      -- its lines are waited on again: they leave the outcome for the mailbox
      mails = cjson.decode(mails)
      replace(mails)
      redis.call('HSET', key.outcome .. request_id, 'lines', '[]')
      redis.call('RPUSH', key.mailbox, unpack(mails))
      redis.call('HINCRBY', key.chat, 'edits', 1)
      go_stale(draft, 'a line was edited')
      break
    end
  end
end
local mailbox = redis.call('LRANGE', key.mailbox, 0, -1)
local at = replace(mailbox)
if at then
  redis.call('LSET', key.mailbox, at - 1, mailbox[at])
  redis.call('HINCRBY', key.chat, 'edits', 1)
  if at <= tonumber(redis.call('HGET', key.chat, 'n') or 0) then
    close_turn()
  end
  changed = true
end
if not changed then
  return 'duplicate'
end
reschedule()
new_fence()
return 'taken'
