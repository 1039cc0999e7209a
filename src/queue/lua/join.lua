-- Puts an account into the line, or finds the place it already has.
--
--- KEYS state settings tickets codes line0 line1 line2 line3 line4 line5 line6 line7 lobby deferred returned departing arriving active holding pace given gateways presence events
--- ARGV queueId userId ticketId codeHash gatewayId
--
-- codeHash: of the code that opens a priority lane, '' for the general one; used up only by a new place.
-- Returns { code, view... }: OK for a new place, EXISTING for the one the account has, else a refusal alone.
-- Keeps: one live place an account; sequences unique and rising; nobody who joins passes anybody who waits.
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

local MAX_BACKLOG = 500000
local LIVE = { L = true, W = true, D = true, R = true, A = true, I = true }

local s = numbers(state, { 'epoch', 'tick', 'tickAt', 'tickStamp', 'journalled', 'lagSince', 'closed', 'soldOut', 'recoverUntil', 'opened',
  'paused', 'pausedAt', 'frozen', 'available', 'held', 'seatsAt', 'lastSequence', 'createdAt' })
if s.epoch == 0 then
  return { REBUILDING }
end
local now = clock()
local c = numbers(settings, { 'opensAt', 'lobbyOpensAt', 'closesAt', 'ratePerMinute', 'maxActive', 'arrivalMicros', 'overbook' })

local function answer(code, t)
  local view = viewOf(userId, t, now, s, c)
  table.insert(view, 1, code)
  return view
end

local mine = readTicket(userId)
if mine and LIVE[mine.state] then
  seen(userId, mine, gatewayId, now, runningTime(s, now))
  return answer(EXISTING, mine)
end
if mine and mine.state == 'M' then
  return { REMOVED }
end
-- The old place is still in the line until the next tick takes it out; a new one under the same account now
-- would move everybody behind it without a departure being told.
if mine and redis.call('ZSCORE', departing, userId) then
  return { DEPARTING }
end

local phase = phaseAt(s, c, redis.call('SCARD', lobby), now)
if phase == 'scheduled' then
  return { NOT_OPEN }
elseif phase == 'recovering' then
  return { REBUILDING }
elseif phase == 'closed' then
  return { CLOSED }
elseif phase == 'sold_out' then
  return { SOLD_OUT }
elseif redis.call('XLEN', events) > MAX_BACKLOG then
  return { BUSY }
end

local lane = 0
if codeHash ~= '' then
  local entry = redis.call('HGET', codes, codeHash)
  if not entry then
    return { CODE_INVALID }
  end
  local opens, left = string.match(entry, '^(%d+):(%d+)$')
  if left == '0' then
    return { CODE_USED }
  end
  lane = tonumber(opens)
  redis.call('HSET', codes, codeHash, opens .. ':' .. digits(tonumber(left) - 1))
end

local sequence = math.max(s.lastSequence + 1, now - s.createdAt)
redis.call('HSET', state, 'lastSequence', digits(sequence))
local t = { id = ticketId, sequence = sequence, state = 'W', lane = lane, epoch = s.epoch,
  fence = 0, number = 0, ends = 0, flags = '' }
markPresent(userId, gatewayId, now)

-- Once somebody has a place in the line, an opening that was put off does not bring the draw back.
if phase == 'lobby' and s.opened == 0 then
  t.state = 'L'
  redis.call('SADD', lobby, userId)
  record(now, 'join', userId, t, codeHash == '' and '{"lobby":true}' or '{"lobby":true,"code":"' .. codeHash .. '"}')
  writeTicket(userId, t)
  return answer(OK, t)
end

redis.call('HSET', state, 'opened', 1)
record(now, 'join', userId, t, codeHash ~= '' and '{"code":"' .. codeHash .. '"}' or nil)
local nobodyWaits = inLine() == 0 and redis.call('ZCARD', deferred) == 0 and redis.call('ZCARD', returned) == 0
if phase == 'open' and s.lagSince == 0 and nobodyWaits and slotsInUse() < c.maxActive and seatsWorth(s, c, now) >= 1 then
  local p = paceAt(now, c.ratePerMinute, c.opensAt)
  if allowedBy(p) >= 1 then
    admit(now, runningTime(s, now), c.arrivalMicros, userId, t, true)
    spendTokens(p, 1)
    keepPace(p)
    wake()
    return answer(OK, t)
  end
end
redis.call('ZADD', LINES[t.lane + 1], digits(sequence), userId)
writeTicket(userId, t)
return answer(OK, t)
