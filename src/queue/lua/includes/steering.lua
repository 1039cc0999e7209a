-- Mode auto: the rate follows how the checkout copes, additive up and multiplicative down (Chiu and Jain, 1989), between
-- the operator's bounds. Part of the tick; needs `s`, `c`, `now`, `phase`, `health`, rateInForce(), record().
--
-- Each gateway reports its holds of the last five seconds. With too many slow, failed, or short of a database
-- connection, the rate falls by three tenths. Otherwise it rises by a twentieth of the operator's span, but only if it
-- was the rate that kept fans waiting: with slots, seats or the line binding, more would only come later and at once.
-- Without a single hold there is nothing to judge by, and it stays.
local STEER_EVERY = 5000000
local REPORT_FRESH = 8000000
local REPORT_FORGOTTEN = 600000000

local function reported()
  local sum = { total = 0, slow = 0, failed = 0, crowded = 0 }
  local all = redis.call('HGETALL', health)
  for index = 1, #all, 2 do
    local at, total, slow, failed, crowded = string.match(all[index + 1], '^(%d+):(%d+):(%d+):(%d+):(%d+)$')
    local age = now - tonumber(at)
    if age <= REPORT_FRESH then
      sum.total = sum.total + tonumber(total)
      sum.slow = sum.slow + tonumber(slow)
      sum.failed = sum.failed + tonumber(failed)
      sum.crowded = sum.crowded + tonumber(crowded)
    elseif age > REPORT_FORGOTTEN then
      redis.call('HDEL', health, all[index])
    end
  end
  return sum
end

-- One of a few says nothing: each needs two at least.
local function troubleIn(sum)
  local function beyond(count, share)
    return count >= 2 and count > share * sum.total
  end
  return beyond(sum.failed, 0.02) and 'failures' or beyond(sum.crowded, 0.5) and 'pool' or beyond(sum.slow, 0.05) and 'slow'
end

local function steer()
  if c.auto == 0 or phase ~= 'open' or now - s.steeredAt < STEER_EVERY then
    return
  end
  redis.call('HSET', state, 'steeredAt', digits(now))
  local sum = reported()
  if sum.total == 0 then
    return
  end
  local rate = rateInForce(c)
  local bound = redis.call('HGET', state, 'limitedBy')
  local why, next = troubleIn(sum), rate
  if why then
    next = math.max(c.minRate, math.floor(rate * 0.7))
  elseif bound == 'rate' or bound == 'auto' then
    why, next = 'room', math.min(c.maxRate, rate + math.max(1, math.ceil((c.maxRate - c.minRate) / 20)))
  end
  if next ~= rate then
    redis.call('HSET', state, 'autoRate', digits(next))
    record(now, 'rate', nil, nil, '{"from":' .. digits(rate) .. ',"to":' .. digits(next) .. ',"why":"' .. why .. '","by":"auto"}')
  end
end
