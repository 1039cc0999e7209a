-- May the bearer of this pass hold seats now? If so the slot lives at least as long as the hold would.
--
--- KEYS state tickets active
--- ARGV userId ticketId fence holdMicros
--
-- Returns { code }: REVOKED when the admission ended or a later one replaced it, EXPIRED when its session is over.
--@include codes
--@include fields
--@include clock
--@include ticket

local s = numbers(state, { 'epoch' })
if s.epoch == 0 then
  return { REBUILDING }
end
local t = readTicket(userId)
if t and t.id == ticketId and t.state == 'X' then
  return { EXPIRED }
end
if not t or t.id ~= ticketId or t.state ~= 'I' or t.fence ~= tonumber(fence) then
  return { REVOKED }
end
local now = clock()
if now >= t.ends then
  return { EXPIRED }
end
redis.call('ZADD', active, 'XX', 'GT', digits(now + tonumber(holdMicros)), userId)
return { OK }
