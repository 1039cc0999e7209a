-- The journal holds everything up to `number`: admissions up to there count, and the stream need not keep them.
--
--- KEYS state settings tickets arriving events channel
--- ARGV epoch number trimBefore head message oldestAdmission userIds...
--
-- userIds: whom this admitted, the first of them at oldestAdmission (0 for nobody). Their clock runs from now when
-- the commit came late: before it they could not be told. It never ends sooner by that, even if the time to arrive was
-- cut meanwhile. Publishes the message, if there is one, to every gateway.
-- Returns { code }: STALE when Redis is at another epoch. Idempotent.
--@include codes
--@include fields
--@include clock
--@include running
--@include ticket

local LATE = 1000000

local s = numbers(state, { 'epoch', 'journalled', 'paused', 'pausedAt', 'frozen' })
if s.epoch == 0 then
  return { REBUILDING }
end
if s.epoch ~= tonumber(epoch) then
  return { STALE }
end
local now = clock()
if tonumber(oldestAdmission) > 0 and now - tonumber(oldestAdmission) > LATE then
  local arriveBy = runningTime(s, now) + numbers(settings, { 'arrivalMicros' }).arrivalMicros
  for index = firstRest, #ARGV do
    local t = readTicket(ARGV[index])
    if t and t.state == 'A' and t.number > s.journalled then
      redis.call('ZADD', arriving, 'XX', 'GT', digits(arriveBy), ARGV[index])
    end
  end
end
if tonumber(number) > s.journalled then
  redis.call('HSET', state, 'journalled', number, 'journalHead', head)
end
redis.call('XTRIM', events, 'MINID', trimBefore)
if message ~= '' then
  redis.call('SPUBLISH', channel, message)
end
return { OK }
