-- Whose turn it is among the lanes: smooth weighted round robin over those that have someone. At each turn every such
-- lane gains its share, the richest goes and pays the sum; an empty lane's share is the others', and it saves nothing
-- for later. Only an admission is a turn: a fan who was away costs the lane nothing.
-- Part of the tick; needs LINES, `state`, `settings`.
local sizes, shares, credits = {}, {}, {}

local function openLanes()
  for lane = 0, 7 do
    sizes[lane] = redis.call('ZCARD', LINES[lane + 1])
    shares[lane] = tonumber(redis.call('HGET', settings, 'share' .. lane) or 1)
    credits[lane] = sizes[lane] > 0 and tonumber(redis.call('HGET', state, 'credit' .. lane) or 0) or 0
  end
end

local function richestLane()
  local best = nil
  for lane = 0, 7 do
    if sizes[lane] > 0 and (not best or credits[lane] + shares[lane] > credits[best] + shares[best]) then
      best = lane
    end
  end
  return best
end

-- @return account and sequence of the first in the lane
local function popFirst(lane)
  local popped = redis.call('ZPOPMIN', LINES[lane + 1])
  sizes[lane] = sizes[lane] - 1
  return popped[1], tonumber(popped[2])
end

local function payTurn(paying)
  local sum = 0
  for lane = 0, 7 do
    if sizes[lane] > 0 or lane == paying then
      credits[lane] = credits[lane] + shares[lane]
      sum = sum + shares[lane]
    end
  end
  credits[paying] = credits[paying] - sum
end

local function keepCredits()
  for lane = 0, 7 do
    redis.call('HSET', state, 'credit' .. lane, sizes[lane] > 0 and string.format('%.6f', credits[lane]) or 0)
  end
end
