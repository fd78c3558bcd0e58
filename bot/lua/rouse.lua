-- Decide anew on the chat: orders have changed. A reply that is still being written finds no turn of its own any more,
-- unless the new decision opens the same one.
if redis.call('LLEN', key.mailbox) == 0 then
  return 'empty'
end
close_turn()
reschedule()
new_fence()
return 'done'
