-- Everybody drawn has been placed: the next tick lets the line go.
--
--- KEYS state lobby
--- ARGV queueId atEpoch
--
-- Returns { code }: STALE when no draw is under way in this epoch, EXISTING when somebody is left to be placed.
--@include codes
--@include fields
--@include wake

local s = numbers(state, { 'epoch', 'drawing' })
if s.epoch == 0 then
  return { REBUILDING }
end
if s.epoch ~= tonumber(atEpoch) or s.drawing == 0 then
  return { STALE }
end
if redis.call('SCARD', lobby) > 0 then
  return { EXISTING }
end
redis.call('HSET', state, 'drawLoaded', 1)
wake()
return { OK }
