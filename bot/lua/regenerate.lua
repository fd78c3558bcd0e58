-- Ask once more for the open turn, under a derived request id.
-- Invariant: a request leads to one second try at most, whoever asks, and the first result is gone with it.
local open_id, attempt = unpack(redis.call('HMGET', key.chat, 'request_id', 'attempt'))
if open_id == arg.request_id and attempt ~= '0' then
  return 'spent'
end
drop_result(arg.entry_id)
if open_id ~= arg.request_id then
  return 'stale'
end
redis.call('HSET', key.chat, 'request_id', arg.next_id, 'request', arg.request, 'attempt', 1)
redis.call('XADD', key.requests, '*', arg.field, arg.request)
return 'opened'
