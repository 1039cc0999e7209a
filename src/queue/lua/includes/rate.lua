-- The rate in force, per minute, and the most that any 60 s may see. In mode auto the tick steers the one between the
-- operator's bounds, and the upper bound is the other; else both are what the operator set.
-- `c` is read with RATE_FIELDS. Needs `state`.
local RATE_FIELDS = { 'ratePerMinute', 'auto', 'minRate', 'maxRate', 'opensAt' }

local function rateInForce(c)
  if c.auto == 0 then
    return c.ratePerMinute, c.ratePerMinute
  end
  local steered = tonumber(redis.call('HGET', state, 'autoRate') or 0)
  local rate = steered > 0 and steered or c.ratePerMinute
  return math.min(c.maxRate, math.max(c.minRate, rate)), c.maxRate
end
