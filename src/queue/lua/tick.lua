-- One beat of the admission: ends what is over, drains departures, admits the next ones.
--
--- KEYS state settings tickets line0 line1 line2 line3 line4 line5 line6 line7 lobby deferred returned departing arriving active holding pace gateways presence passes events
--- ARGV minIntervalMicros
--
-- Any number of workers may call it: all state of the pace is here, and a queue ticked less than the given interval
-- ago is left alone. Returns { code, tick, more }: more is 1 when a bounded step left work for the next tick.
-- Keeps: inside <= maxActive at each admission; admissions within the pace; the front of the line first.
-- What gateways must know is written to the stream, to be published once it is committed to the journal.
--@include codes
--@include fields
--@include clock
--@include phase
--@include running
--@include ticket
--@include event
--@include lines
--@include slots
--@include pace
--@include admit
--@include presence

local BATCH = 1000
local ENDED_BATCH = 500

local s = numbers(state, { 'epoch', 'tick', 'tickAt', 'closed', 'soldOut', 'paused', 'pausedAt', 'frozen', 'available',
  'held', 'seatsAt', 'createdAt', 'drawn' })
if s.epoch == 0 then
  return { REBUILDING }
end
local now = clock()
if now - s.tickAt < tonumber(minIntervalMicros) then
  return { SKIPPED, s.tick, 0 }
end
local c = numbers(settings, { 'opensAt', 'lobbyOpensAt', 'closesAt', 'ratePerMinute', 'maxActive', 'arrivalMicros',
  'graceMicros', 'overbook', 'lanes' })

-- Sold out is a matter of seats alone: none free and none that could still come back from a hold.
local fresh = s.seatsAt > 0 and now - s.seatsAt <= SEATS_FRESH
if fresh then
  s.soldOut = (s.available == 0 and s.held == 0) and 1 or 0
  redis.call('HSET', state, 'soldOut', s.soldOut)
end
local phase = phaseAt(s, c, redis.call('SCARD', lobby), now)
local phaseChanged = redis.call('HGET', state, 'phase') ~= phase
local waitingNow = inLine()
local total = waitingNow + slotsInUse() + redis.call('ZCARD', deferred) + redis.call('ZCARD', returned)
  + redis.call('ZCARD', departing) + redis.call('SCARD', lobby)
if total == 0 and not phaseChanged then
  redis.call('HSET', state, 'tickAt', digits(now), 'limitedBy', phase == 'paused' and 'paused' or 'nobody_waiting')
  return { IDLE, s.tick, 0 }
end

local tick = s.tick + 1
currentTick = digits(tick)
local running = runningTime(s, now)
local gone = {} -- lane -> sequences that left the line in this tick
local moved = 0
local more = 0

local function depart(t)
  local lane = gone[t.lane] or {}
  lane[#lane + 1] = t.sequence
  gone[t.lane] = lane
  moved = moved + 1
end

local givenBack = 0

-- Slots that are over ------------------------------------------------------------------------------------------
-- While paused the arrival clock stands, so nobody can miss a turn then.
local function endArrivals()
  local late = redis.call('ZRANGEBYSCORE', arriving, '-inf', digits(running), 'LIMIT', 0, ENDED_BATCH)
  for _, userId in ipairs(late) do
    redis.call('ZREM', arriving, userId)
    local t = readTicket(userId)
    givenBack = givenBack + 1
    t.state = 'X'
    record(now, 'expire', userId, t, '{"reason":"no_show"}')
    writeTicket(userId, t)
    redis.call('HINCRBY', state, 'noShowTotal', 1)
  end
  return #late
end

local function endSessions()
  local over = redis.call('ZRANGEBYSCORE', active, '-inf', digits(now), 'LIMIT', 0, ENDED_BATCH)
  for _, userId in ipairs(over) do
    redis.call('ZREM', active, userId)
    redis.call('SREM', holding, userId)
    local t = readTicket(userId)
    redis.call('HDEL', passes, t.id)
    t.state = 'X'
    record(now, 'expire', userId, t, '{"reason":"session"}')
    writeTicket(userId, t)
  end
  return #over
end

local function endGrace()
  local over = redis.call('ZRANGEBYSCORE', deferred, '-inf', digits(running), 'LIMIT', 0, ENDED_BATCH)
  for _, userId in ipairs(over) do
    redis.call('ZREM', deferred, userId)
    local t = readTicket(userId)
    t.state = 'X'
    record(now, 'expire', userId, t, '{"reason":"grace"}')
    writeTicket(userId, t)
  end
  return #over
end

local function drainDepartures()
  local leaving = redis.call('ZPOPMIN', departing, BATCH)
  for index = 1, #leaving, 2 do
    local userId = leaving[index]
    local t = readTicket(userId)
    redis.call('ZREM', LINES[t.lane + 1], userId)
    t.sequence = tonumber(leaving[index + 1])
    depart(t)
  end
  return #leaving / 2
end

-- The end of the queue -----------------------------------------------------------------------------------------
local function finish(userId, reason)
  local t = readTicket(userId)
  local from = t.state
  if from == 'G' or from == 'X' or from == 'M' or from == 'E' then
    return t
  end
  t.state = 'E'
  record(now, 'end', userId, t, '{"reason":"' .. reason .. '"}')
  writeTicket(userId, t)
  return t
end

-- Closed: who waits is told so, who was admitted may finish. Sold out: there is nothing left to finish.
local function endEverybody(reason)
  local left = BATCH - moved
  for _, key in ipairs(LINES) do
    if left > 0 then
      local popped = redis.call('ZPOPMIN', key, left)
      for index = 1, #popped, 2 do
        redis.call('ZREM', departing, popped[index])
        local t = finish(popped[index], reason)
        t.sequence = tonumber(popped[index + 1])
        depart(t)
      end
      left = left - #popped / 2
    end
  end
  local sets = { deferred, returned }
  if reason == 'sold_out' then
    sets = { deferred, returned, arriving, active }
  end
  for _, key in ipairs(sets) do
    if left > 0 then
      local popped = redis.call('ZPOPMIN', key, left)
      for index = 1, #popped, 2 do
        local t = finish(popped[index], reason)
        redis.call('SREM', holding, popped[index])
        redis.call('HDEL', passes, t.id)
      end
      left = left - #popped / 2
    end
  end
  local waiters = left > 0 and redis.call('SPOP', lobby, left) or {}
  for _, userId in ipairs(waiters) do
    finish(userId, reason)
  end
  if left - #waiters <= 0 then
    more = 1
  end
end

-- The draw -----------------------------------------------------------------------------------------------------
-- Those who came before the opening enter the line in random order, ahead of everybody who came after it.
local function draw()
  local picked = redis.call('SPOP', lobby, BATCH)
  local order = s.drawn
  for _, userId in ipairs(picked) do
    local t = readTicket(userId)
    order = order + 1
    t.state = 'W'
    t.sequence = order
    redis.call('ZADD', LINES[t.lane + 1], digits(order), userId)
    record(now, 'draw', userId, t)
    writeTicket(userId, t)
  end
  redis.call('HSET', state, 'drawn', digits(order))
  more = 1
end

-- Admission ----------------------------------------------------------------------------------------------------
local live

local function passOver(userId, t)
  -- The grace clock starts when a fan is first passed over; coming back and leaving again does not wind it up.
  if t.ends == 0 then
    t.ends = running + c.graceMicros
  end
  t.state = 'D'
  redis.call('ZADD', deferred, digits(t.ends), userId)
  record(now, 'defer', userId, t, '{"graceEnds":' .. digits(now + t.ends - running) .. '}')
  writeTicket(userId, t)
end

local function letIn(userId, t)
  admit(now, running, c.arrivalMicros, userId, t)
end

-- Smooth weighted round robin over the lanes that have someone: each turn a lane gains its share, the richest
-- goes and pays the total; an empty lane's share is the others'.
local credit = {}
local function nextLane()
  local best, sum = nil, 0
  for lane = 0, 7 do
    if redis.call('ZCARD', LINES[lane + 1]) > 0 then
      local share = tonumber(redis.call('HGET', settings, 'share' .. lane) or 1)
      sum = sum + share
      credit[lane] = (credit[lane] or tonumber(redis.call('HGET', state, 'credit' .. lane) or 0)) + share
      if not best or credit[lane] > credit[best] then
        best = lane
      end
    end
  end
  if best then
    credit[best] = credit[best] - sum
  end
  return best
end

local function admitReturned(budget)
  local admitted = 0
  local popped = redis.call('ZRANGE', returned, 0, math.max(budget, 0) + 100)
  for _, userId in ipairs(popped) do
    local here = isPresent(userId, live)
    if not here then
      redis.call('ZREM', returned, userId)
      passOver(userId, readTicket(userId))
    elseif admitted < budget then
      redis.call('ZREM', returned, userId)
      letIn(userId, readTicket(userId))
      admitted = admitted + 1
    end
  end
  return admitted
end

local function admitLine(budget)
  local admitted = 0
  while admitted < budget and moved < BATCH do
    local lane = nextLane()
    if not lane then
      break
    end
    local popped = redis.call('ZPOPMIN', LINES[lane + 1])
    local userId = popped[1]
    local t = readTicket(userId)
    local sequence = tonumber(popped[2])
    depart({ lane = lane, sequence = sequence })
    if t.state == 'W' then
      if isPresent(userId, live) then
        letIn(userId, t)
        admitted = admitted + 1
      else
        passOver(userId, t)
      end
    else
      redis.call('ZREM', departing, userId)
    end
  end
  for lane, value in pairs(credit) do
    redis.call('HSET', state, 'credit' .. lane, value)
  end
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

local limitedBy = 'nobody_waiting'

local function admitNext()
  local tokens, sum = refill(now, c.ratePerMinute, c.opensAt)
  if givenBack > 0 then
    spend(now, c.ratePerMinute, tokens, sum, -givenBack)
    tokens, sum = math.min(tokens + givenBack, bucketSize(c.ratePerMinute)), sum - givenBack
  end
  if phase ~= 'open' then
    spend(now, c.ratePerMinute, tokens, sum, 0)
    limitedBy = phase == 'paused' and 'paused' or 'nobody_waiting'
    return
  end
  live = liveGateways(now)
  local budget, bound = narrowest({
    { math.min(math.floor(tokens), c.ratePerMinute - sum), 'rate' },
    { c.maxActive - slotsInUse(), 'capacity' },
    { seatsWorth(s, c, now), 'seats' },
  })
  local admitted = admitReturned(budget)
  admitted = admitted + admitLine(budget - admitted)
  spend(now, c.ratePerMinute, tokens, sum, admitted)
  if inLine() + redis.call('ZCARD', returned) > 0 then
    limitedBy = bound
    if moved >= BATCH and admitted < budget then
      more = 1
    end
  end
end

local ended = endArrivals() + endSessions()
if phase ~= 'paused' then
  ended = ended + endGrace()
end
if ended >= ENDED_BATCH or drainDepartures() >= BATCH then
  more = 1
end
if phase == 'sold_out' or phase == 'closed' then
  endEverybody(phase)
  limitedBy = phase == 'sold_out' and 'seats' or 'nobody_waiting'
elseif phase == 'drawing' then
  draw()
else
  admitNext()
end

-- What gateways need to correct the places of their own fans; departures are coded as differences, in order.
-- What became of whom stands in the events before it.
local departures = {}
for lane, sequences in pairs(gone) do
  table.sort(sequences)
  local coded, previous = {}, 0
  for index, sequence in ipairs(sequences) do
    coded[index] = digits(sequence - previous)
    previous = sequence
  end
  departures[#departures + 1] = '[' .. lane .. ',[' .. table.concat(coded, ',') .. ']]'
end
local summary = '{"tick":' .. digits(tick) .. ',"at":' .. digits(now) .. ',"phase":"' .. phase .. '","limitedBy":"' .. limitedBy
  .. '","waiting":' .. (inLine() + redis.call('ZCARD', returned)) .. ',"deferred":' .. redis.call('ZCARD', deferred)
  .. ',"active":' .. slotsInUse() .. ',"available":' .. (fresh and s.available or -1) .. ',"held":' .. (fresh and s.held or -1)
  .. ',"gone":[' .. table.concat(departures, ',') .. ']}'
redis.call('HSET', state, 'tick', digits(tick), 'tickAt', digits(now), 'phase', phase, 'limitedBy', limitedBy)
local number = redis.call('HGET', state, 'eventNumber') or '0'
redis.call('XADD', events, number .. '-' .. digits(tick), 'e', 'tick|' .. summary)
return { OK, digits(tick), more }
