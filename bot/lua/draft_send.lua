-- The owner approves a draft as it is, or in his own words: it leaves like any reply.
-- Invariant: a draft is approved once, and only with the words he saw; a takeover from this moment on withdraws it.
local of = key.draft .. arg.no
if redis.call('HGET', of, 'state') ~= 'open' then
  return no_longer(arg.no)
end
if ran_out(arg.no) then
  return 'closed'
end
local request_id, proposed, blend, who = unpack(redis.call('HMGET', of, 'request_id', 'text', 'blend', 'contact'))
if arg.state == 'sent' and arg.text ~= proposed then
  return 'changed'
end
local entry_id = correct(arg.state, request_id, proposed, arg.text, blend, who)
end_draft(arg.no, arg.state, '', arg.text)
remember(arg.line)
redis.call('HSET', key.outcome .. request_id, 'state', 'sending', 'reply', arg.text, 'line', arg.line, 'approved', entry_id,
  'committed_ms', string.format('%d', now_ms()))
enqueue(request_id, cjson.decode(arg.bubbles))
keep_chat()
return 'done'
