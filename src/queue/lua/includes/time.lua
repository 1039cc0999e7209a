-- Redis time in microseconds, as it is. Tests replace this include by one whose time they set.
local function redisTime()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
