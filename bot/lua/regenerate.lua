-- Ask once more for the open turn, under a derived request id.
-- Invariant: a request leads to one second try at most, and the first result is gone with it.
drop_result(arg.entry_id)
if redis.call('HGET', key.chat, 'request_id') ~= arg.request_id then
  return 'stale'
end
redis.call('HSET', key.chat, 'request_id', arg.next_id, 'request', arg.request, 'attempt', 1)
redis.call('XADD', key.requests, '*', arg.field, arg.request)
return 'opened'
