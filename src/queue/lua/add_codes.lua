-- Makes codes known that open a lane. One that is known already keeps the uses it has left.
--
--- KEYS state codes
--- ARGV pairs...
--
-- pairs: hash of a code, "lane:uses left", ... Returns { code }.
--@include codes

if redis.call('EXISTS', state) == 0 then
  return { REBUILDING }
end
for index = firstRest, #ARGV, 2 do
  redis.call('HSETNX', codes, ARGV[index], ARGV[index + 1])
end
return { OK }
