-- Where a batch of accounts stands, with the tick these ranks belong to: one consistent picture for a resync.
--
--- KEYS state settings tickets line0 line1 line2 line3 line4 line5 line6 line7 lobby returned arriving
--- ARGV userIds...
--
-- Returns { code, view of the first, view of the second, ... }; false for an account without a ticket.
--@include codes
--@include fields
--@include clock
--@include phase
--@include running
--@include ticket
--@include lines
--@include view

local s = numbers(state, VIEW_STATE)
if s.epoch == 0 then
  return { REBUILDING }
end
local now = clock()
local c = numbers(settings, PHASE_FIELDS)
local answer = { OK }
for index = firstRest, #ARGV do
  local t = readTicket(ARGV[index])
  answer[#answer + 1] = t and viewOf(ARGV[index], t, now, s, c) or false
end
return answer
