-- A result that cannot be read: out of the stream, into the owner's sight. Its turn, if any, ends at its deadline.
drop_result(arg.entry_id)
redis.call('XADD', key.dead, '*', 'request_id', '', 'chat_key', '', 'state', 'dead', 'reason', arg.reason)
return 'buried'
