-- Who takes up room inside. Needs `arriving`, `active`, `holding`.
local function slotsInUse()
  return redis.call('ZCARD', arriving) + redis.call('ZCARD', active)
end

-- Seats worth admitting for: what is free, overbooked, less those admitted who hold nothing yet.
-- Numbers older than 10 s bind nobody: a projection that is down must not close the door.
local SEATS_FRESH = 10000000

local function seatsWorth(s, c, now)
  if s.seatsAt == 0 or now - s.seatsAt > SEATS_FRESH then
    return math.huge
  end
  local without = slotsInUse() - redis.call('SCARD', holding)
  return math.max(0, math.ceil(s.available * c.overbook) - without)
end
