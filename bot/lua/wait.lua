-- Give a claimed chat back, to be looked at again at a moment.
if redis.call('HGET', key.chat, 'fence') ~= arg.fence then
  return 'lost'
end
redis.call('ZADD', key.due, arg.until_ms, arg.chat_key)
return 'waiting'
