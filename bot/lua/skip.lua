-- End all waiting lines without a request.
-- Invariant: only by who still knows the chat; a line that came after the claim is never skipped unseen.
if redis.call('HGET', key.chat, 'fence') ~= arg.fence then
  return 'lost'
end
take_lines(redis.call('LLEN', key.mailbox), arg.request_id)
close_turn()
reschedule()
new_fence()
conclude(arg.request_id, arg.state, arg.reason)
return 'ended'
