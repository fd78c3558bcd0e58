-- Give a claimed chat back, to be looked at again at a moment.
if redis.call('HGET', key.chat, 'fence') ~= arg.fence then
  return 'lost'
end
if redis.call('HEXISTS', key.chat, 'request_id') == 0 then
  redis.call('HSET', key.chat, 'deferred_until_ms', arg.until_ms)
  if arg.contact ~= '' then
    redis.call('HSET', key.chat, 'contact', arg.contact)
  end
end
redis.call('ZADD', key.due, arg.until_ms, arg.chat_key)
return 'waiting'
