-- Puts the operator's settings and controls in force, in the order in which they were decided.
--
--- KEYS state settings pace given events
--- ARGV version paused closed data pairs...
--
-- pairs: settings field, value, ... ; data: JSON for the journal. Returns { code }: STALE when a newer version is
-- already in force. A changed bound starts with an empty ring: what was admitted under the old rate is past.
--@include codes
--@include fields
--@include clock
--@include rate
--@include event

local s = numbers(state, { 'epoch', 'version', 'paused', 'pausedAt', 'frozen' })
if s.epoch == 0 then
  return { REBUILDING }
end
if tonumber(version) <= s.version then
  return { STALE }
end
local now = clock()
local before = numbers(settings, RATE_FIELDS)
local _, mostBefore = rateInForce(before)
for index = firstRest, #ARGV, 2 do
  redis.call('HSET', settings, ARGV[index], ARGV[index + 1])
end
local after = numbers(settings, RATE_FIELDS)
if before.auto ~= after.auto or before.ratePerMinute ~= after.ratePerMinute then
  redis.call('HDEL', state, 'autoRate')
end
local _, most = rateInForce(after)
if mostBefore ~= most then
  redis.call('DEL', pace, given)
  redis.call('HSET', state, 'paceSum', 0, 'givenSum', 0)
end
if paused == '1' and s.paused == 0 then
  redis.call('HSET', state, 'paused', 1, 'pausedAt', digits(now))
elseif paused == '0' and s.paused == 1 then
  redis.call('HSET', state, 'paused', 0, 'pausedAt', 0, 'frozen', digits(s.frozen + now - s.pausedAt))
end
redis.call('HSET', state, 'closed', closed, 'version', version)
record(now, 'configure', nil, nil, data)
return { OK }
