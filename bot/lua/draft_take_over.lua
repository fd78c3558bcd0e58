-- The owner will answer himself: the draft ends, and we keep out of the chat as if he had written.
if redis.call('HGET', key.draft .. arg.no, 'state') ~= 'open' then
  return no_longer(arg.no)
end
go_stale(arg.no, 'took over')
local now = now_ms()
-- what he says then is said instead of this proposal (accept.lua)
redis.call('HSET', key.chat, 'takeover_ms', now, 'stand_down_until_ms', now + arg.takeover_ms, 'taken_over', arg.no)
return 'done'
