-- Open the turn and publish its request, or neither. Also supersedes an open turn: its result will find no taker.
-- Invariant: a chat has one open turn; the same request is published once.
if redis.call('HGET', key.chat, 'fence') ~= arg.fence then
  return 'lost'
end
if redis.call('HGET', key.chat, 'request_id') == arg.request_id then
  return 'already'
end
redis.call('HSET', key.chat, 'request_id', arg.request_id, 'n', arg.n, 'request', arg.request,
  'deadline_ms', arg.deadline_ms, 'mode', arg.mode, 'attempt', 0,
  'decision', arg.decision, 'contact', arg.contact, 'opened_ms', string.format('%d', now_ms()))
redis.call('XADD', key.requests, '*', arg.field, arg.request)
if arg.mode == 'send' then
  redis.call('SADD', key.composing, arg.chat_key)
end
-- A lost worker is its group's concern; we look again only when nobody wants the reply any more.
redis.call('ZADD', key.due, arg.look_again_ms, arg.chat_key)
return 'opened'
