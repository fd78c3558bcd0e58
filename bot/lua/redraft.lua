-- What came of a regeneration: another text, or none and the old one stays.
-- Invariant: only for the request the open draft waits for; anything else is dropped.
drop_result(arg.entry_id)
local no = open_draft()
if not no or redis.call('HGET', key.draft .. no, 'regenerating') ~= arg.request_id then
  return 'stale'
end
redis.call('HDEL', key.draft .. no, 'regenerating')
if arg.text == '' then
  touch_draft(no, 'reason', 'no other proposal came; this one stands')
  return 'kept'
end
touch_draft(no, 'text', arg.text, 'blend', arg.blend, 'reason', '')
local outcome = key.outcome .. redis.call('HGET', key.draft .. no, 'request_id')
for name, value in pairs(cjson.decode(arg.facts)) do
  redis.call('HSET', outcome, name, value)
end
return 'redrafted'
