-- The purchase is finished: the ticket has done its work and the slot is free at once.
--
--- KEYS state tickets active holding passes events
--- ARGV queueId userId ticketId reason
--
-- Returns { code }. Idempotent.
--@include codes
--@include fields
--@include clock
--@include ticket
--@include event
--@include wake

local s = numbers(state, { 'epoch' })
if s.epoch == 0 then
  return { REBUILDING }
end
local t = readTicket(userId)
if not t or t.id ~= ticketId or t.state ~= 'I' then
  return { NO_TICKET }
end
redis.call('ZREM', active, userId)
redis.call('SREM', holding, userId)
redis.call('HDEL', passes, t.id)
t.state = 'E'
record(clock(), 'end', userId, t, '{"reason":"' .. reason .. '"}')
writeTicket(userId, t)
wake()
return { OK }
