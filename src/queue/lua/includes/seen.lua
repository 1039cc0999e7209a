-- A fan is seen on a gateway and counts as present. One who was passed over while away goes to the front of what
-- waits, in the order of sequences, and keeps what is left of the grace: the clock stands while the fan is here, and
-- leaving again does not wind it up. Needs markPresent(), record(), writeTicket(), wake(), `deferred`, `returned`.
local function seen(userId, t, gatewayId, now, running)
  markPresent(userId, gatewayId, now)
  if t.state ~= 'D' then
    return
  end
  t.state = 'R'
  -- Never 0: that says the fan was not passed over yet.
  t.ends = math.max(1, t.ends - running)
  redis.call('ZREM', deferred, userId)
  redis.call('ZADD', returned, digits(t.sequence), userId)
  record(now, 'return', userId, t)
  writeTicket(userId, t)
  wake()
end
