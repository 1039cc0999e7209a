-- Puts accounts into the line, or finds the places they already have: those who ask a gateway in one moment together.
--
--- KEYS state settings tickets codes line0 line1 line2 line3 line4 line5 line6 line7 late lobby deferred returned departing arriving active holding pace given gateways presence events
--- ARGV queueId gatewayId joins...
--
-- joins: eight arguments each, userId ticketId codeHash lostId lostSequence lostLane lostEpoch journalEpoch.
-- codeHash: of the code that opens a priority lane, '' for the general one; used up only by a new place.
-- lost...: a signed ticket of lostEpoch that the journal knew nothing of when it was at journalEpoch; '' for none. Its
-- join went down with Redis, and it takes its own place again, unless the account has had a ticket since. One of this
-- very epoch is looked at only if the account has none: then it says that Redis lost it, and the queue is made anew.
-- ticketId: of the new place if it comes to one; '' refuses to make one.
-- Returns an answer each, in their order: { code, view... }, OK for a new place, EXISTING for the one the account has,
-- else a refusal alone.
-- Keeps: one live place an account; sequences unique and rising; nobody who joins passes anybody who waits, nor those
-- before it in the same call.
local JOIN_ARGUMENTS = 8
local userId, ticketId, codeHash, lostId, lostSequence, lostLane, lostEpoch, journalEpoch
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
--@include wake
--@include seen
--@include view
--@include lost

local MAX_BACKLOG = 500000
local LIVE = { L = true, W = true, D = true, R = true, A = true, I = true }

local s = numbers(state, { 'epoch', 'tick', 'tickAt', 'tickStamp', 'journalled', 'lagSince', 'closed', 'soldOut', 'recoverUntil', 'opened', 'drawing',
  'paused', 'pausedAt', 'frozen', 'available', 'held', 'seatsAt', 'lastSequence', 'createdAt', 'rebuiltTo', 'lacking' })
if s.epoch == 0 then
  local answers = {}
  for _ = firstRest, #ARGV, JOIN_ARGUMENTS do
    answers[#answers + 1] = { REBUILDING }
  end
  return answers
end
local now = clock()
local c = numbers(settings, { 'opensAt', 'lobbyOpensAt', 'closesAt', 'ratePerMinute', 'maxActive', 'arrivalMicros', 'overbook',
  'auto', 'minRate', 'maxRate' })

local function nobodyWaits()
  return inLine() == 0 and redis.call('ZCARD', deferred) == 0 and redis.call('ZCARD', returned) == 0
end

-- @return the code, and with OK or EXISTING the ticket
local function join()
  local mine = readTicket(userId)
  if mine and LIVE[mine.state] then
    seen(userId, mine, gatewayId, now, runningTime(s, now))
    return EXISTING, mine
  end
  if mine and mine.state == 'M' then
    return REMOVED
  end
  -- The old place is still in the line until the next tick takes it out; a new one under the same account now
  -- would move everybody behind it without a departure being told.
  if mine and redis.call('ZSCORE', departing, userId) then
    return DEPARTING
  end

  if provesLoss(mine, s) then
    s.lacking = 1
    redis.call('HSET', state, 'lacking', 1)
    wake()
  end
  -- The journaller may have taken what is here for the last time.
  if s.lacking == 1 then
    return REBUILDING
  end
  local lost = honoured(mine, s)
  if ticketId == '' and not lost then
    return NO_TICKET
  end
  local phase = phaseAt(s, c, redis.call('SCARD', lobby), now)
  local isRecovering = phase == 'recovering'
  if isRecovering and lost then
    phase = phaseAt(setmetatable({ recoverUntil = 0 }, { __index = s }), c, redis.call('SCARD', lobby), now)
  end
  if phase == 'scheduled' then
    return NOT_OPEN
  elseif phase == 'recovering' then
    return REBUILDING
  elseif phase == 'closed' then
    return CLOSED
  elseif phase == 'sold_out' then
    return SOLD_OUT
  elseif redis.call('XLEN', events) > MAX_BACKLOG then
    return BUSY
  end

  local lane = lost and lost.lane or 0
  if codeHash ~= '' then
    local entry = redis.call('HGET', codes, codeHash)
    if not entry then
      return CODE_INVALID
    end
    local opens, left = string.match(entry, '^(%d+):(%d+)$')
    if left == '0' then
      return CODE_USED
    end
    lane = tonumber(opens)
    redis.call('HSET', codes, codeHash, opens .. ':' .. digits(tonumber(left) - 1))
  end

  local sequence = math.max(s.lastSequence + 1, now - s.createdAt)
  if lost then
    sequence, ticketId = lost.sequence, lost.id
  end
  s.lastSequence = math.max(s.lastSequence, sequence)
  redis.call('HSET', state, 'lastSequence', digits(s.lastSequence))
  local t = { id = ticketId, sequence = sequence, state = 'W', lane = lane, epoch = s.epoch,
    fence = 0, number = 0, ends = 0, flags = '' }
  markPresent(userId, gatewayId, now)

  -- Once somebody has a place in the line, an opening that was put off does not bring the draw back.
  local said = {}
  if codeHash ~= '' then
    said[#said + 1] = '"code":"' .. codeHash .. '"'
  end
  if phase == 'lobby' and s.opened == 0 then
    said[#said + 1] = '"lobby":true'
    t.state = 'L'
  end
  -- While recovering nobody has a place that could get worse, and behind all that was rebuilt nobody was passed over.
  local isLate = lost and t.state == 'W' and not (isRecovering and sequence > s.rebuiltTo)
  if lost then
    said[#said + 1] = isLate and '"late":true' or '"restored":true'
  end
  record(now, 'join', userId, t, '{' .. table.concat(said, ',') .. '}')
  if t.state == 'L' then
    redis.call('SADD', lobby, userId)
    writeTicket(userId, t)
    return OK, t
  end

  if s.opened == 0 then
    s.opened = 1
    redis.call('HSET', state, 'opened', 1)
  end
  if phase == 'open' and not isRecovering and s.lagSince == 0 and slotsInUse() < c.maxActive and nobodyWaits() and seatsWorth(s, c, now) >= 1 then
    local p = paceAt(now, c)
    if allowedBy(p) >= 1 then
      admit(now, runningTime(s, now), c.arrivalMicros, userId, t, true)
      spendTokens(p, 1)
      keepPace(p)
      wake()
      return OK, t
    end
  end
  if isLate then
    redis.call('ZADD', late, digits(sequence), lateMember(userId, t))
  else
    redis.call('ZADD', LINES[t.lane + 1], digits(sequence), userId)
  end
  writeTicket(userId, t)
  return OK, t
end

local outcomes = {}
for first = firstRest, #ARGV, JOIN_ARGUMENTS do
  userId, ticketId, codeHash, lostId, lostSequence, lostLane, lostEpoch, journalEpoch =
    unpack(ARGV, first, first + JOIN_ARGUMENTS - 1)
  local code, t = join()
  outcomes[#outcomes + 1] = { code = code, ticket = t, userId = userId }
end

-- Views only now that all changes are made: what they say of the line is counted once.
local answers = {}
for index, outcome in ipairs(outcomes) do
  local view = outcome.ticket and viewOf(outcome.userId, outcome.ticket, now, s, c) or {}
  table.insert(view, 1, outcome.code)
  answers[index] = view
end
return answers
