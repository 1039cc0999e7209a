-- The journal holds everything up to `number`: admissions up to there count, and the stream need not keep them.
--
--- KEYS state events channel
--- ARGV epoch number trimBefore head message
--
-- Publishes the message, if there is one, to every gateway. Returns { code }.
--@include codes
--@include fields

local s = numbers(state, { 'epoch', 'journalled' })
if s.epoch == 0 then
  return { REBUILDING }
end
if s.epoch ~= tonumber(epoch) then
  return { STALE }
end
if tonumber(number) > s.journalled then
  redis.call('HSET', state, 'journalled', number, 'journalHead', head)
end
redis.call('XTRIM', events, 'MINID', trimBefore)
if message ~= '' then
  redis.call('SPUBLISH', channel, message)
end
return { OK }
