-- End all waiting lines without a reply to come. The turn has the name it would have been opened under.
-- Invariant: only by who still knows the chat; a line that came after the claim is never skipped unseen.
if redis.call('HGET', key.chat, 'fence') ~= arg.fence then
  return 'lost'
end
redis.call('HSET', key.chat, 'decision', arg.decision)
if arg.contact ~= '' then
  redis.call('HSET', key.chat, 'contact', arg.contact)
end
local request_id = request_id_of(line_id(redis.call('LINDEX', key.mailbox, -1)))
take_lines(redis.call('LLEN', key.mailbox), request_id)
close_turn()
reschedule()
new_fence()
conclude(request_id, arg.state, arg.reason)
return 'ended'
