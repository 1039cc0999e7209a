-- How many may be admitted now: a token bucket for smoothness and a ring of 100 ms cells for the bound.
--
-- The bucket holds 1 + ceil(1.5 R / 60) tokens and is empty at the opening. The ring is a list of "cell:count"
-- entries of the last 60.1 s whose sum stays <= R; a token given back is a negative count. Together: never over
-- R in any rolling 60 s (tokens given back aside), never more than 1 + ceil(2.5 R / 60) in one second.
-- Needs `state`, `pace` and numbers(), digits().
local CELL = 100000
local CELLS = 601

local function bucketSize(rate)
  return 1 + math.ceil(1.5 * rate / 60)
end

-- Brings bucket and ring to `now`. Returns tokens and the ring's sum.
local function refill(now, rate, opensAt)
  local p = numbers(state, { 'bucket', 'bucketAt', 'paceSum' })
  local from = math.max(p.bucketAt, opensAt)
  local tokens = p.bucket + math.max(0, now - from) * rate / 60000000
  local oldest = math.floor(now / CELL) - CELLS
  local head = redis.call('LINDEX', pace, 0)
  while head do
    local cell, count = string.match(head, '^(%d+):(-?%d+)$')
    if tonumber(cell) > oldest then
      break
    end
    redis.call('LPOP', pace)
    p.paceSum = p.paceSum - tonumber(count)
    head = redis.call('LINDEX', pace, 0)
  end
  return math.min(tokens, bucketSize(rate)), p.paceSum
end

-- Counts `spent` admissions (negative: tokens given back) in the ring and stores the bucket.
local function spend(now, rate, tokens, sum, spent)
  if spent ~= 0 then
    local cell = digits(math.floor(now / CELL))
    local tail = redis.call('LINDEX', pace, -1)
    local lastCell, count = string.match(tail or '', '^(%d+):(-?%d+)$')
    if lastCell == cell then
      redis.call('LSET', pace, -1, cell .. ':' .. digits(tonumber(count) + spent))
    else
      redis.call('RPUSH', pace, cell .. ':' .. digits(spent))
    end
  end
  redis.call('HSET', state,
    'bucket', string.format('%.6f', math.min(tokens - spent, bucketSize(rate))),
    'bucketAt', digits(now),
    'paceSum', digits(sum + spent))
end
