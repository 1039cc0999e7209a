-- How the holds of the last five seconds went on one gateway; what mode auto steers by.
--
--- KEYS state settings health
--- ARGV gatewayId total slow failed crowded
--
-- slow: of those, took longer than the target; crowded: met a database pool with others waiting.
-- Returns { code, the target in milliseconds }: 0 when the rate is fixed, and nothing is kept then.
--@include codes
--@include fields
--@include clock

local s = numbers(state, { 'epoch' })
if s.epoch == 0 then
  return { REBUILDING, 0 }
end
local c = numbers(settings, { 'auto', 'targetHoldMs' })
if c.auto == 0 then
  return { OK, 0 }
end
redis.call('HSET', health, gatewayId, digits(clock()) .. ':' .. total .. ':' .. slow .. ':' .. failed .. ':' .. crowded)
return { OK, c.targetHoldMs }
