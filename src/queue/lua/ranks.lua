-- Where a batch of accounts stands, with the tick these ranks belong to: one consistent picture for a resync.
--
--- KEYS state settings tickets line0 line1 line2 line3 line4 line5 line6 line7 late lobby deferred returned arriving gateways presence events
--- ARGV queueId gatewayId userIds...
--
-- All of them count as present on the gateway that asks: after a rebuild nobody else knows that they are there.
-- Returns { code, view of the first, view of the second, ... }, each view as one text with its fields apart by blanks:
-- a gateway reads thousands of these when its fans come back at once. false for an account without a ticket.
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
local now = clock()
local running = runningTime(s, now)
local c = numbers(settings, PHASE_FIELDS)
local found = {}
for index = firstRest, #ARGV do
  local t = readTicket(ARGV[index])
  if t then
    seen(ARGV[index], t, gatewayId, now, running)
  end
  found[index] = t
end
local answer = { OK }
for index = firstRest, #ARGV do
  local t = found[index]
  answer[#answer + 1] = t and table.concat(viewOf(ARGV[index], t, now, s, c), ' ') or false
end
return answer
