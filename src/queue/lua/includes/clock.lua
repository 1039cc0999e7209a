-- The one clock of a queue: Redis time in microseconds, made so that it never goes back. Needs `state`.
--
-- When Redis time was set back, the clock goes on at half speed until real time has caught up: standing still would
-- stop every admission for as long as the step was, running on would keep the error for good.
--@include time
local function clock()
  local real = redisTime()
  local kept = redis.call('HMGET', state, 'clock', 'clockReal')
  local last = tonumber(kept[1] or 0)
  if real >= last then
    redis.call('HSET', state, 'clock', string.format('%.0f', real))
    if kept[2] then
      redis.call('HDEL', state, 'clockReal')
    end
    return real
  end
  local now = last + math.floor(math.max(0, real - tonumber(kept[2] or real)) / 2)
  redis.call('HSET', state, 'clock', string.format('%.0f', now), 'clockReal', string.format('%.0f', real))
  return now
end
