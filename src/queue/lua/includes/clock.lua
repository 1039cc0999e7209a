-- The one clock of a queue: Redis time in microseconds, clamped so that it never goes back.
-- Needs `state`. Tests replace this include by one whose time they set.
local function clock()
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local last = tonumber(redis.call('HGET', state, 'clock') or 0)
  if now < last then
    return last
  end
  redis.call('HSET', state, 'clock', string.format('%.0f', now))
  return now
end
