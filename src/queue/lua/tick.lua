-- One beat of the admission: ends what is over, drains departures, admits the next ones.
--
--- KEYS state settings tickets line0 line1 line2 line3 line4 line5 line6 line7 late lobby deferred returned departing arriving active holding pace given gateways presence health passes events
--- ARGV minIntervalMicros
--
-- Any number of workers may call it: all state of the pace is here, and a queue ticked less than the given interval
-- ago is left alone. Returns { code, tick, more, number, epoch, drawing, version, over }: more is 1 when a bounded step
-- left work for the next tick, number is that of the last journal entry written, drawing that of the entry that closed
-- the lobby while a draw is to be made, else 0, version that of the settings in force. All are told in whatever way the
-- call ended, also with REBUILDING when what is here lacks a ticket. over is 1 when nobody is there, nobody can join any
-- more and the journal has everything.
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

local s = numbers(state, { 'epoch', 'tick', 'tickAt', 'tickNumber', 'eventNumber', 'journalled', 'lagSince', 'closed', 'soldOut',
  'recoverUntil', 'opened', 'drawing', 'paused', 'pausedAt', 'frozen', 'available', 'held', 'seatsAt', 'drawLoaded', 'steeredAt',
  'version', 'lacking' })
if s.epoch == 0 then
  return { REBUILDING }
elseif s.lacking == 1 then
  return { REBUILDING, s.tick, 0, s.eventNumber, s.epoch, 0, s.version, 0 }
end
local now = clock()
if now - s.tickAt < tonumber(minIntervalMicros) then
  return { SKIPPED, s.tick, 0, s.eventNumber, s.epoch, s.drawing, s.version, 0 }
end
local c = numbers(settings, { 'opensAt', 'lobbyOpensAt', 'closesAt', 'ratePerMinute', 'maxActive', 'arrivalMicros',
  'graceMicros', 'overbook', 'auto', 'minRate', 'maxRate' })

-- Sold out is a matter of seats alone: none free and none that could still come back from a hold.
local fresh = s.seatsAt > 0 and now - s.seatsAt <= SEATS_FRESH
if fresh then
  s.soldOut = (s.available == 0 and s.held == 0) and 1 or 0
  redis.call('HSET', state, 'soldOut', s.soldOut)
end
-- The draw is over: everybody it drew stands in the line.
local drawn = s.drawing > 0 and s.drawLoaded == 1
if drawn then
  s.drawing = 0
end
local phase = phaseAt(s, c, redis.call('SCARD', lobby), now)
local phaseChanged = redis.call('HGET', state, 'phase') ~= phase
local total = inLine() + slotsInUse() + redis.call('ZCARD', deferred) + redis.call('ZCARD', returned)
  + redis.call('ZCARD', departing) + redis.call('SCARD', lobby)
if total == 0 and not phaseChanged and not drawn then
  redis.call('HSET', state, 'tickAt', digits(now), 'limitedBy', phase == 'paused' and 'paused' or 'nobody_waiting')
  local over = phase == 'closed' and redis.call('XLEN', events) == 0
  return { IDLE, s.tick, 0, s.eventNumber, s.epoch, s.drawing, s.version, over and 1 or 0 }
end

local tick = s.tick + 1
currentTick = digits(tick)
local running = runningTime(s, now)
--@include departures
--@include endings
--@include draw
--@include lanes
--@include admission
--@include steering

steer()
if drawn then
  endDraw()
end
local arrivals, missed = endArrivals()
local more = arrivals + endSessions() + endGrace() >= ENDED_BATCH
more = drainDepartures() >= BATCH or more
local limitedBy, unfinished
if phase == 'sold_out' or phase == 'closed' then
  limitedBy = phase == 'sold_out' and 'seats' or 'nobody_waiting'
  unfinished = endEverybody(phase)
elseif phase == 'drawing' then
  limitedBy = 'nobody_waiting'
  closeLobby()
else
  limitedBy, unfinished = admitNext(missed)
end

local waiting = inLine() + redis.call('ZCARD', returned)
local summary = '{"tick":' .. digits(tick) .. ',"at":' .. digits(now) .. ',"phase":"' .. phase .. '","limitedBy":"' .. limitedBy
  .. '","waiting":' .. waiting .. ',"deferred":' .. redis.call('ZCARD', deferred) .. ',"active":' .. slotsInUse()
  .. ',"available":' .. (fresh and s.available or -1) .. ',"held":' .. (fresh and s.held or -1)
  .. ',"gone":' .. codedDepartures() .. (drawn and ',"drawn":true}' or '}')
local number = redis.call('HGET', state, 'eventNumber') or '0'
redis.call('HSET', state, 'tick', digits(tick), 'tickAt', digits(now), 'tickStamp', digits(now), 'tickNumber', number,
  'phase', phase, 'limitedBy', limitedBy)
redis.call('XADD', events, number .. '-' .. digits(tick), 'e', 'tick|' .. summary)
return { OK, digits(tick), (more or unfinished) and 1 or 0, number, s.epoch, digits(s.drawing), s.version, 0 }
