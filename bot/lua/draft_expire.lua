-- End a draft whose deadline has passed.
if redis.call('HGET', key.draft .. arg.no, 'state') ~= 'open' then
  return no_longer(arg.no)
end
return ran_out(arg.no) and 'done' or 'open'
