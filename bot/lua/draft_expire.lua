-- End a draft whose deadline has passed, or a regeneration that nobody answers any more.
local of = key.draft .. arg.no
local state, asked, until_ms = unpack(redis.call('HMGET', of, 'state', 'regenerating', 'until_ms'))
if state ~= 'open' then
  return no_longer(arg.no)
end
if ran_out(arg.no) then
  return 'done'
end
if asked and now_ms() >= tonumber(until_ms) then
  redis.call('HDEL', of, 'regenerating')
  touch_draft(arg.no, 'reason', 'no other proposal came; this one stands')
end
return 'open'
