--- Puts a whole availability copy in place, under an epoch that no copy of this performance had before.
---
--- KEYS map head feed
--- ARGV above watermark letters available held occupied blocked
---   above: the highest epoch the caller ever saw, for a Redis whose clock went back
--- Returns {epoch, asOf in ms, followers of this node}.
---
--- Invariant: the epoch is microseconds of Redis time, and rises. Followers that hear it load the copy anew.
local clock = redis.call('TIME')
local last = math.max(tonumber(above), tonumber(redis.call('HGET', head, 'epoch') or 0))
local epoch = string.format('%.0f', math.max(tonumber(clock[1]) * 1000000 + tonumber(clock[2]), last + 1))
local seq = '0'
local delta = ''
redis.call('SET', map, letters)
--@include confirm
return {epoch, asOf, followers}
