-- Keep out of the chat until a moment, or (0) no longer. A reply that is still being written is dropped, one that waits
-- to leave is called back.
if arg.until_ms == '0' then
  redis.call('HDEL', key.chat, 'stand_down_until_ms')
else
  redis.call('HSET', key.chat, 'stand_down_until_ms', arg.until_ms)
  call_back()
  close_turn()
end
reschedule()
new_fence()
keep_chat()
return 'done'
