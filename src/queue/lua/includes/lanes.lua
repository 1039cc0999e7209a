-- Whose turn it is among the lanes: smooth weighted round robin over those that have someone. At each turn every such
-- lane gains its share, the richest goes and pays the sum; an empty lane's share is the others', and it saves nothing
-- for later. Only an admission is a turn: a fan who was away costs the lane nothing.
-- Part of the tick; needs LINES, `late`, `state`, `settings`, BATCH.
local sizes, shares, credits = {}, {}, {}
-- The late ones of each lane by sequence, as many as a tick can move; behind the horizon there are more.
local lateOf, horizon = {}, math.huge

local function readLate()
  local first = redis.call('ZRANGE', late, 0, BATCH - 1, 'WITHSCORES')
  for lane = 0, 7 do
    lateOf[lane] = {}
  end
  for index = 1, #first, 2 do
    local lane, userId = string.match(first[index], '^(%d):(.*)$')
    table.insert(lateOf[tonumber(lane)], { userId = userId, member = first[index], sequence = tonumber(first[index + 1]) })
  end
  if #first == 2 * BATCH then
    horizon = tonumber(first[#first])
  end
end

local function openLanes()
  readLate()
  for lane = 0, 7 do
    sizes[lane] = redis.call('ZCARD', LINES[lane + 1]) + #lateOf[lane]
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

-- @return the account of the lane's first late one, if it has a lower sequence than this
local function popLate(lane, sequence)
  local first = lateOf[lane][1]
  if not first or first.sequence > sequence then
    return nil
  end
  table.remove(lateOf[lane], 1)
  redis.call('ZREM', late, first.member)
  sizes[lane] = sizes[lane] - 1
  return first.userId
end

-- @return account of the first in the lane, and its sequence if it stood in the line; nil when late ones that this
-- tick does not know may come before it
local function popFirst(lane)
  if #lateOf[lane] > 0 or horizon < math.huge then
    local front = tonumber(redis.call('ZRANGE', LINES[lane + 1], 0, 0, 'WITHSCORES')[2]) or math.huge
    local userId = popLate(lane, front)
    if userId then
      return userId, nil
    elseif front > horizon then
      sizes[lane] = 0
      return nil
    end
  end
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
