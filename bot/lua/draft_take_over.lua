-- The owner will answer himself: the draft ends, and we keep out of the chat as if he had written.
if redis.call('HGET', key.draft .. arg.no, 'state') ~= 'open' then
  return no_longer(arg.no)
end
go_stale(arg.no, 'took over')
local now = now_ms()
redis.call('HSET', key.chat, 'takeover_ms', now, 'stand_down_until_ms', now + arg.takeover_ms)
return 'done'
