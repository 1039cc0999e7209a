-- The ticket of an account, marking it as present on a gateway when one is named.
--
--- KEYS state settings tickets line0 line1 line2 line3 line4 line5 line6 line7 late lobby deferred returned arriving gateways presence events
--- ARGV queueId userId gatewayId
--
-- Returns { code, view... }; NO_TICKET when the account never joined.
--@include codes
--@include fields
--@include clock
--@include phase
--@include running
--@include ticket
--@include event
--@include lines
--@include presence
--@include wake
--@include seen
--@include view

local s = numbers(state, VIEW_STATE)
if s.epoch == 0 then
  return { REBUILDING }
end
local t = readTicket(userId)
if not t then
  return { NO_TICKET }
end
local now = clock()
if gatewayId ~= '' then
  seen(userId, t, gatewayId, now, runningTime(s, now))
end
local view = viewOf(userId, t, now, s, numbers(settings, PHASE_FIELDS))
table.insert(view, 1, OK)
return view
