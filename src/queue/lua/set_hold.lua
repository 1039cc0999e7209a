-- What a fan inside holds has changed: the slot lives until the session and the last live hold are over.
--
--- KEYS state tickets active holding
--- ARGV queueId userId ticketId liveUntil
--
-- liveUntil: microseconds, 0 when nothing is held or being paid. Returns { code }; harmless for an ended ticket. REMOVED:
-- an operator has removed it, and a hold that was under way then must not stay.
--@include codes
--@include fields
--@include ticket
--@include wake

local s = numbers(state, { 'epoch' })
if s.epoch == 0 then
  return { REBUILDING }
end
local t = readTicket(userId)
if not t or t.id ~= ticketId then
  return { NO_TICKET }
end
if t.state ~= 'I' then
  return { t.state == 'M' and REMOVED or NO_TICKET }
end
local untilMicros = tonumber(liveUntil)
redis.call('ZADD', active, 'XX', digits(math.max(t.ends, untilMicros)), userId)
if untilMicros > 0 then
  redis.call('SADD', holding, userId)
else
  redis.call('SREM', holding, userId)
  wake()
end
return { OK }
