-- Orders have changed: what was decided on under the old ones and has not begun to leave stays unsaid (begin.lua).
-- An approved draft and a contact's own word are not touched by that. 'none': nothing of that kind is on its way.
local found = 'none'
for _, raw in ipairs(redis.call('LRANGE', key.outbox, 0, -1)) do
  local kept = redis.call('HMGET', key.outcome .. cjson.decode(raw).request_id, 'draft', 'because')
  if not kept[1] and not kept[2] then
    found = 'done'
  end
end
if found == 'done' then
  redis.call('HSET', key.chat, 'recalled_ms', string.format('%d', now_ms()))
end
return found
