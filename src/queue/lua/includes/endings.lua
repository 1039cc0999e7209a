-- What is over: arrivals that were missed, sessions, the grace of those away, and at last the queue itself.
-- Part of the tick; needs `s`, `now`, `running` and the departures.
local ENDED_BATCH = 500

local function expire(userId, reason)
  local t = readTicket(userId)
  t.state = 'X'
  record(now, 'expire', userId, t, '{"reason":"' .. reason .. '"}')
  writeTicket(userId, t)
  return t
end

local function over(key, at)
  return redis.call('ZRANGEBYSCORE', key, '-inf', digits(at), 'LIMIT', 0, ENDED_BATCH)
end

-- Nobody is known to have heard of this turn: the fan keeps the front for the grace, once.
local function postpone(userId, t)
  t.state = 'D'
  t.flags = 'u'
  t.ends = running + c.graceMicros
  redis.call('ZADD', deferred, digits(t.ends), userId)
  record(now, 'defer', userId, t, '{"graceEnds":' .. digits(now + c.graceMicros) .. ',"undelivered":true}')
  writeTicket(userId, t)
end

-- While paused this clock stands, so nobody can miss a turn then. Nor can anybody miss one that they could not have
-- heard of: the clock of an admission that the journal does not hold yet starts again, and one that no page is known
-- to have received is postponed, once.
-- @return how many were looked at, how many turns come back
local function endArrivals()
  local ended = over(arriving, running)
  local missed, noShows = 0, 0
  for _, userId in ipairs(ended) do
    local t = readTicket(userId)
    if t.number > s.journalled then
      redis.call('ZADD', arriving, digits(running + c.arrivalMicros), userId)
    else
      redis.call('ZREM', arriving, userId)
      missed = missed + 1
      if t.flags == '' then
        postpone(userId, t)
      else
        expire(userId, 'no_show')
        noShows = noShows + 1
      end
    end
  end
  redis.call('HINCRBY', state, 'noShowTotal', noShows)
  return #ended, missed
end

local function endSessions()
  local ended = over(active, now)
  for _, userId in ipairs(ended) do
    redis.call('ZREM', active, userId)
    redis.call('SREM', holding, userId)
    redis.call('HDEL', passes, expire(userId, 'session').id)
  end
  return #ended
end

local function endGrace()
  local ended = over(deferred, running)
  for _, userId in ipairs(ended) do
    redis.call('ZREM', deferred, userId)
    expire(userId, 'grace')
  end
  return #ended
end

local function finish(userId, reason)
  local t = readTicket(userId)
  if t.state == 'G' or t.state == 'X' or t.state == 'M' or t.state == 'E' then
    return t
  end
  t.state = 'E'
  record(now, 'end', userId, t, '{"reason":"' .. reason .. '"}')
  writeTicket(userId, t)
  return t
end

-- Closed: who waits is told so, who was admitted may finish. Sold out: there is nothing left to finish.
-- @return whether some are left for the next tick
local function endEverybody(reason)
  local left = BATCH - moved
  for _, key in ipairs(LINES) do
    local popped = left > 0 and redis.call('ZPOPMIN', key, left) or {}
    for index = 1, #popped, 2 do
      redis.call('ZREM', departing, popped[index])
      depart(finish(popped[index], reason).lane, tonumber(popped[index + 1]))
    end
    left = left - #popped / 2
  end
  local popped = left > 0 and redis.call('ZPOPMIN', late, left) or {}
  for index = 1, #popped, 2 do
    local userId = string.sub(popped[index], 3)
    redis.call('ZREM', departing, userId)
    finish(userId, reason)
  end
  left = left - #popped / 2
  local sets = reason == 'sold_out' and { deferred, returned, arriving, active } or { deferred, returned }
  for _, key in ipairs(sets) do
    local popped = left > 0 and redis.call('ZPOPMIN', key, left) or {}
    for index = 1, #popped, 2 do
      redis.call('SREM', holding, popped[index])
      redis.call('HDEL', passes, finish(popped[index], reason).id)
    end
    left = left - #popped / 2
  end
  local waiters = left > 0 and redis.call('SPOP', lobby, left) or {}
  for _, userId in ipairs(waiters) do
    finish(userId, reason)
  end
  return left - #waiters <= 0
end
