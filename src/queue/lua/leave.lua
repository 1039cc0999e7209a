-- Ends an account's ticket: it leaves the line, or gives up its admission and frees the slot.
--
--- KEYS state settings tickets lobby deferred returned departing arriving active holding pace given passes events
--- ARGV queueId userId ticketId reason data
--
-- reason: `left` by the fan, `removed` by an operator (bars the account). ticketId '' takes whatever ticket there is.
-- Returns { code, the state it ended from }. Idempotent. From the line itself only the tick removes, so that
-- ranks read between ticks stay those of the last tick.
--@include codes
--@include fields
--@include clock
--@include ticket
--@include event
--@include pace
--@include wake

local s = numbers(state, { 'epoch' })
if s.epoch == 0 then
  return { REBUILDING }
end
local t = readTicket(userId)
if not t or (ticketId ~= '' and t.id ~= ticketId) then
  return { NO_TICKET }
end
local now = clock()
local from = t.state
local removed = reason == 'removed'
local live = from == 'L' or from == 'W' or from == 'D' or from == 'R' or from == 'A' or from == 'I'
if not live and (not removed or from == 'M') then
  return { EXISTING, from }
end

if from == 'L' then
  redis.call('SREM', lobby, userId)
elseif from == 'W' then
  redis.call('ZADD', departing, digits(t.sequence), userId)
elseif from == 'D' then
  redis.call('ZREM', deferred, userId)
elseif from == 'R' then
  redis.call('ZREM', returned, userId)
elseif from == 'A' then
  redis.call('ZREM', arriving, userId)
  local c = numbers(settings, RATE_FIELDS)
  local p = paceAt(now, c)
  giveBack(p, 1)
  keepPace(p)
elseif from == 'I' then
  redis.call('ZREM', active, userId)
  redis.call('SREM', holding, userId)
  redis.call('HDEL', passes, t.id)
end
t.state = removed and 'M' or 'G'
record(now, removed and 'remove' or 'leave', userId, t, data)
writeTicket(userId, t)
redis.call('HINCRBY', state, 'leftTotal', 1)
wake()
return { OK, from }
