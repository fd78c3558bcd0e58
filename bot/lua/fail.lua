-- End the open turn as dead: no reply will come, or none that may be sent.
-- Invariant: only the open turn can fail, once; lines that arrived meanwhile are not touched and come due.
if arg.entry_id ~= '' then
  drop_result(arg.entry_id)
end
if redis.call('HGET', key.chat, 'request_id') ~= arg.request_id then
  return 'stale'
end
take_lines(tonumber(redis.call('HGET', key.chat, 'n')), arg.request_id)
close_turn()
reschedule()
new_fence()
conclude(arg.request_id, 'dead', arg.reason)
return 'ended'
