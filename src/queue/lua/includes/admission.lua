-- Who is next. Part of the tick; needs `s`, `c`, `now`, `running`, `phase`, the departures, the lanes and the pace.

-- When the journal has not kept up for this long nobody could be told of an admission.
local STALL_LIMIT = 2000000
local live

local function passOver(userId, t)
  t.ends = running + (t.state == 'R' and t.ends or c.graceMicros)
  t.state = 'D'
  redis.call('ZADD', deferred, digits(t.ends), userId)
  record(now, 'defer', userId, t, '{"graceEnds":' .. digits(now + t.ends - running) .. '}')
  writeTicket(userId, t)
end

-- @return whether the fan was let in
local function letIn(userId, t)
  if not isPresent(userId, live) then
    passOver(userId, t)
    return false
  end
  admit(now, running, c.arrivalMicros, userId, t)
  return true
end

-- Those who were passed over and are back go before everybody in the line; late ones of their lane who should have
-- gone even before them do.
-- @return how many were admitted, whether all had their turn
local function admitReturned(budget)
  local admitted = 0
  for _ = 1, BATCH do
    local userId = redis.call('ZRANGE', returned, 0, 0)[1]
    if not userId or admitted >= budget then
      return admitted, not userId
    end
    local t = readTicket(userId)
    local before = popLate(t.lane, t.sequence)
    if before then
      userId, t = before, readTicket(before)
    else
      redis.call('ZREM', returned, userId)
    end
    if t.state == 'G' or t.state == 'M' then
      redis.call('ZREM', departing, userId)
    elseif letIn(userId, t) then
      admitted = admitted + 1
    end
  end
  return admitted, false
end

local function admitLine(budget)
  local admitted = 0
  while admitted < budget and moved < BATCH do
    local lane = richestLane()
    if not lane then
      break
    end
    local userId, sequence = popFirst(lane)
    local t = userId and readTicket(userId)
    if sequence then
      depart(lane, sequence)
    else
      moved = moved + 1
    end
    if t and t.state ~= 'W' then
      redis.call('ZREM', departing, userId)
    elseif t and letIn(userId, t) then
      payTurn(lane)
      admitted = admitted + 1
    end
  end
  keepCredits()
  return admitted
end

local function narrowest(bounds)
  local least, name = math.huge, nil
  for _, bound in ipairs(bounds) do
    if bound[1] < least then
      least, name = bound[1], bound[2]
    end
  end
  return math.max(0, least), name
end

-- Since when the journal lags behind the tick before; 0 when it does not.
local function lagSince()
  if s.journalled >= s.tickNumber then
    return 0
  end
  return s.lagSince > 0 and s.lagSince or now
end

-- @return what limits admissions, whether a bounded step left work over
local function admitNext(missed)
  local p = paceAt(now, c)
  giveBack(p, missed)
  if phase ~= 'open' then
    keepPace(p)
    return phase == 'paused' and 'paused' or phase == 'recovering' and 'recovering' or 'nobody_waiting', false
  end
  local lag = lagSince()
  redis.call('HSET', state, 'lagSince', digits(lag))
  live = liveGateways(now)
  local budget, bound = narrowest({
    { lag > 0 and now - lag > STALL_LIMIT and 0 or math.huge, 'recovering' },
    { allowedBy(p), 'rate' },
    { c.maxActive - slotsInUse(), 'capacity' },
    { seatsWorth(s, c, now), 'seats' },
  })
  openLanes()
  local admitted, allBack = admitReturned(budget)
  if allBack then
    admitted = admitted + admitLine(budget - admitted)
  end
  spendTokens(p, admitted)
  keepPace(p)
  if inLine() + redis.call('ZCARD', returned) == 0 then
    return 'nobody_waiting', false
  end
  if bound == 'rate' and p.rate < p.most then
    bound = 'auto'
  end
  return bound, admitted < budget
end
