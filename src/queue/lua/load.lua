-- Writes a part of a queue that is being rebuilt.
--
--- KEYS building state settings tickets codes line0 line1 line2 line3 line4 line5 line6 line7 late lobby deferred returned departing arriving active holding pace given gateways presence health passes events
--- ARGV token done packed...
--
-- packed: for each command its name, which of the keys above, the number of its arguments, and those. done: 1 with
-- the last part. Returns { code }: STALE when another rebuilding has begun since.
--@include codes

if redis.call('GET', building) ~= token then
  return { STALE }
end
local at = firstRest
while at <= #ARGV do
  local command, key, count = ARGV[at], KEYS[tonumber(ARGV[at + 1])], tonumber(ARGV[at + 2])
  redis.call(command, key, unpack(ARGV, at + 3, at + 2 + count))
  at = at + 3 + count
end
if done == '1' then
  redis.call('DEL', building)
end
return { OK }
