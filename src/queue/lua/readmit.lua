-- Lifts the bar on a removed account: it may join again, at the end.
--
--- KEYS state tickets events
--- ARGV userId ticketId data
--
-- Returns { code }: EXISTING when the ticket is not a removed one.
--@include codes
--@include fields
--@include clock
--@include ticket
--@include event

local s = numbers(state, { 'epoch' })
if s.epoch == 0 then
  return { REBUILDING }
end
local t = readTicket(userId)
if not t or t.id ~= ticketId then
  return { NO_TICKET }
end
if t.state ~= 'M' then
  return { EXISTING }
end
t.state = 'G'
record(clock(), 'readmit', userId, t, data)
writeTicket(userId, t)
return { OK }
