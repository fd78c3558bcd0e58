-- Which chats of a schedule are due? Reads only. Returns the members whose moment has come, oldest first.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now_ms(), 'LIMIT', 0, ARGV[1])
