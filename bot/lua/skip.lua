-- End all waiting lines without a reply to come. The turn has the name it would have been opened under.
-- Invariant: only by who still knows the chat; a line that came after the claim is never skipped unseen.
if redis.call('HGET', key.chat, 'fence') ~= arg.fence then
  return 'lost'
end
local request_id = arg.chat_key .. ':' .. line_id(redis.call('LINDEX', key.mailbox, -1))
take_lines(redis.call('LLEN', key.mailbox), request_id)
close_turn()
reschedule()
new_fence()
conclude(request_id, arg.state, arg.reason)
return 'ended'
