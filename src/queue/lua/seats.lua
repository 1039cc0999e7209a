-- What the seat map last counted; the tick admits no more than there are seats worth admitting for.
--
--- KEYS state
--- ARGV available held occupied blocked
--
-- Returns { code }.
--@include codes
--@include clock

if redis.call('EXISTS', state) == 0 then
  return { REBUILDING }
end
redis.call('HSET', state, 'available', available, 'held', held, 'occupied', occupied, 'blocked', blocked,
  'seatsAt', string.format('%.0f', clock()))
return { OK }
