-- Answer a line with fixed texts, once; or end it unanswered: dead, in the owner's sight alone, or skipped.
local seen = key.seen .. arg.line_id
if redis.call('EXISTS', seen) == 1 then
  return 'already'
end
local now = now_ms()
redis.call('SET', seen, 1, 'EX', arg.keep_s)
redis.call('ZADD', key.chats, now, arg.chat_key)
open_outcome(arg.request_id, {arg.line_id}, now)
if arg.failed ~= '' or arg.skipped ~= '' then
  local dead = arg.failed ~= ''
  conclude(arg.request_id, dead and 'dead' or 'skipped', dead and arg.failed or arg.skipped)
  return 'said'
end
redis.call('HSET', key.outcome .. arg.request_id, 'state', 'sending', 'because', 'contact word',
  'committed_ms', string.format('%d', now))
enqueue(arg.request_id, cjson.decode(arg.bubbles))
keep_chat()
return 'said'
