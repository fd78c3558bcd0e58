-- The owner wants nothing said.
local of = key.draft .. arg.no
if redis.call('HGET', of, 'state') ~= 'open' then
  return no_longer(arg.no)
end
local request_id, proposed, blend, who = unpack(redis.call('HMGET', of, 'request_id', 'text', 'blend', 'contact'))
correct('discarded', request_id, proposed, '', blend, who)
end_draft(arg.no, 'discarded', '', '')
conclude(request_id, 'skipped', 'discarded')
return 'done'
