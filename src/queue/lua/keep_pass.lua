-- Keeps the pass that was signed first, so that every claim of one session gets the same one.
--
--- KEYS state tickets passes
--- ARGV userId ticketId pass
--
-- Returns { code, the pass to hand out }.
--@include codes
--@include ticket

if redis.call('EXISTS', state) == 0 then
  return { REBUILDING }
end
local t = readTicket(userId)
if not t or t.id ~= ticketId or t.state ~= 'I' then
  return { EXPIRED }
end
redis.call('HSETNX', passes, ticketId, pass)
return { OK, redis.call('HGET', passes, ticketId) }
