-- The fan arrives: an admission becomes a session.
--
--- KEYS state settings tickets arriving active passes events
--- ARGV userId
--
-- Returns { code, ticketId, fence, session end in microseconds, the pass signed before or '' }.
-- The same answer for as long as the session lives. UNCOMMITTED until the journal holds the admission: a pass
-- must never outlive the memory of why it was given.
--@include codes
--@include fields
--@include clock
--@include running
--@include ticket
--@include event

local s = numbers(state, { 'epoch', 'journalled', 'paused', 'pausedAt', 'frozen' })
if s.epoch == 0 then
  return { REBUILDING }
end
local t = readTicket(userId)
if not t then
  return { NO_TICKET }
end
local now = clock()
if t.state == 'I' then
  if now >= t.ends then
    return { EXPIRED }
  end
  return { OK, t.id, digits(t.fence), digits(t.ends), redis.call('HGET', passes, t.id) or '' }
elseif t.state == 'X' or t.state == 'E' then
  return { EXPIRED }
elseif t.state ~= 'A' then
  return { NOT_ADMITTED }
end
if t.number > s.journalled then
  return { UNCOMMITTED, digits(t.number) }
end
local deadline = tonumber(redis.call('ZSCORE', arriving, userId) or 0)
if deadline <= runningTime(s, now) then
  return { EXPIRED }
end
local c = numbers(settings, { 'sessionMicros' })
t.state = 'I'
t.ends = now + c.sessionMicros
redis.call('ZREM', arriving, userId)
redis.call('ZADD', active, digits(t.ends), userId)
record(now, 'claim', userId, t, '{"ends":' .. digits(t.ends) .. '}')
writeTicket(userId, t)
redis.call('HINCRBY', state, 'arrivedTotal', 1)
return { OK, t.id, digits(t.fence), digits(t.ends), '' }
