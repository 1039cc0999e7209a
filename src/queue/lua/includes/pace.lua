-- How many may be admitted now: a token bucket for smoothness and a ring of 100 ms cells for the bound.
--
-- The bucket holds 1 + ceil(1.5 R / 60) tokens and is empty at the opening. The ring is two lists of "cell:count":
-- the last minute's admissions and the tokens given back in it; their difference stays <= R. Admissions are kept a
-- cell too long and tokens given back a cell too short, so that the bound holds for every 60 s, not for whole cells.
-- Together: never more than R in any 60 s before an admission, never more than 1 + ceil(2.5 R / 60) in one second,
-- tokens given back then aside. R is the rate in force for the bucket, and the most it may be for the bound.
-- Needs `state`, `pace`, `given` and numbers(), digits().
--@include rate
local CELL = 100000
local ADMITTED_CELLS = 601
local GIVEN_CELLS = 600

local function bucketSize(rate)
  return 1 + math.ceil(1.5 * rate / 60)
end

local function dropBefore(list, sum, oldest)
  local head = redis.call('LINDEX', list, 0)
  while head do
    local cell, count = string.match(head, '^(%d+):(%d+)$')
    if tonumber(cell) >= oldest then
      break
    end
    redis.call('LPOP', list)
    sum = sum - tonumber(count)
    head = redis.call('LINDEX', list, 0)
  end
  return sum
end

local function addToCell(list, now, count)
  local cell = digits(math.floor(now / CELL))
  local lastCell, lastCount = string.match(redis.call('LINDEX', list, -1) or '', '^(%d+):(%d+)$')
  if lastCell == cell then
    redis.call('LSET', list, -1, cell .. ':' .. digits(tonumber(lastCount) + count))
  else
    redis.call('RPUSH', list, cell .. ':' .. digits(count))
  end
end

-- Bucket and ring as they are at `now`.
local function paceAt(now, c)
  local opensAt = c.opensAt
  local rate, most = rateInForce(c)
  local p = numbers(state, { 'bucket', 'bucketAt', 'paceSum', 'givenSum' })
  local tokens = p.bucketAt >= opensAt and p.bucket or 0
  tokens = tokens + math.max(0, now - math.max(p.bucketAt, opensAt)) * rate / 60000000
  local cell = math.floor(now / CELL)
  return {
    now = now,
    rate = rate,
    most = most,
    tokens = math.min(tokens, bucketSize(rate)),
    admitted = dropBefore(pace, p.paceSum, cell - ADMITTED_CELLS + 1),
    given = dropBefore(given, p.givenSum, cell - GIVEN_CELLS + 1),
  }
end

local function allowedBy(p)
  return math.min(math.floor(p.tokens), p.most - p.admitted + p.given)
end

local function spendTokens(p, count)
  if count > 0 then
    addToCell(pace, p.now, count)
    p.admitted = p.admitted + count
    p.tokens = p.tokens - count
  end
end

-- An admission that ended before its fan arrived: somebody else may have the turn.
local function giveBack(p, count)
  if count > 0 then
    addToCell(given, p.now, count)
    p.given = p.given + count
    p.tokens = math.min(p.tokens + count, bucketSize(p.rate))
  end
end

local function keepPace(p)
  redis.call('HSET', state,
    'bucket', string.format('%.6f', p.tokens),
    'bucketAt', digits(p.now),
    'paceSum', digits(p.admitted),
    'givenSum', digits(p.given))
end
