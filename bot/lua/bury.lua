-- A result that cannot be read: out of the stream, into the owner's sight. Its turn, if any, ends at its deadline.
drop_result(arg.entry_id)
tell_owner('', '', 'dead', arg.reason)
return 'buried'
