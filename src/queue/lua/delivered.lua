-- These fans have received their admissions: whoever lets the time to arrive go by now has missed a turn for good.
--
--- KEYS state tickets
--- ARGV userIds...
--
-- Returns { code }. Idempotent.
--@include codes
--@include fields
--@include ticket

local s = numbers(state, { 'epoch', 'journalled' })
if s.epoch == 0 then
  return { REBUILDING }
end
for index = firstRest, #ARGV do
  local t = readTicket(ARGV[index])
  if t and t.state == 'A' and t.flags == '' and t.number <= s.journalled then
    t.flags = 'k'
    writeTicket(ARGV[index], t)
  end
end
return { OK }
