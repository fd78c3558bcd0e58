-- Orders have changed: what was decided on under the old ones does not leave any more; what of it has not begun to is
-- decided anew. An approved draft and a contact's own word are not touched by that. 'none': nothing of that kind is on
-- its way.
local found = 'none'
for _, raw in ipairs(redis.call('LRANGE', key.outbox, 0, -1)) do
  local kept = redis.call('HMGET', key.outcome .. cjson.decode(raw).request_id, 'draft', 'because')
  if not kept[1] and not kept[2] then
    found = 'done'
  end
end
if found == 'done' then
  call_back()
end
return found
