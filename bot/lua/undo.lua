-- First call (no bubbles): what of this reply has not left stays unsaid. Second: these bubbles are gone everywhere.
if redis.call('HGET', key.outcome .. arg.request_id, 'state') == 'sending' then
  redis.call('HSET', key.chat, 'takeover_ms', now_ms())
end
local approved = redis.call('HGET', key.outcome .. arg.request_id, 'approved')
if approved then
  -- approved, and now wanted back: nobody knows what he would have said
  redis.call('XDEL', key.corrections, approved)
end
local ids = cjson.decode(arg.bubble_ids)
for _, id in ipairs(ids) do
  local ledger = key.ledger .. arg.request_id
  local state = redis.call('HGET', ledger, id)
  if state and string.find(state, '^sent ') then
    redis.call('HSET', ledger, id, (string.gsub(state, '^sent', 'deleted')))
  end
  local _, line = find_line(key.shown, id)
  if line then
    redis.call('LREM', key.shown, 1, line)
  end
end
if #ids > 0 then
  local _, line = find_line(key.history, arg.request_id)
  if line then
    redis.call('LREM', key.history, 1, line)
  end
  redis.call('HSET', key.outcome .. arg.request_id, 'undone_ms', string.format('%d', now_ms()))
end
return 'done'
