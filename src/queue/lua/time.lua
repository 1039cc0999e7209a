-- The time of Redis in microseconds, for what is computed outside of it.
--
--- KEYS state
--- ARGV
--
-- Returns { code, micros }. Touches nothing: the queue may be absent.
--@include codes
--@include time

return { OK, string.format('%.0f', redisTime()) }
