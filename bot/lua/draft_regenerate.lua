-- Ask the model again for an open draft.
-- Invariant: one request at a time; one that nobody answers any more gives way.
local of = key.draft .. arg.no
local state, tries, asked, until_ms = unpack(redis.call('HMGET', of, 'state', 'tries', 'regenerating', 'until_ms'))
if state ~= 'open' then
  return no_longer(arg.no)
end
if ran_out(arg.no) then
  return 'closed'
end
local next_id = redis.call('HGET', of, 'request_id') .. ':d' .. string.format('%d', tries + 1)
if next_id ~= arg.next_id or (asked and now_ms() < tonumber(until_ms)) then
  return 'already'
end
redis.call('HINCRBY', of, 'tries', 1)
touch_draft(arg.no, 'regenerating', arg.next_id, 'until_ms', arg.until_ms)
redis.call('XADD', key.requests, '*', arg.field, arg.request)
return 'done'
