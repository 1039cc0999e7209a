-- The queue at one look, for status pages and operators.
--
--- KEYS state settings line0 line1 line2 line3 line4 line5 line6 line7 late lobby deferred returned arriving active holding
--- ARGV
--
-- Returns { code, phase, now, then the state fields below in order, then counts:
-- waiting, deferred, arriving, inside, holding, lobby }.
--@include codes
--@include fields
--@include clock
--@include phase
--@include lines

local s = numbers(state, { 'epoch', 'closed', 'soldOut', 'recoverUntil', 'opened', 'drawing', 'paused' })
if s.epoch == 0 then
  return { REBUILDING }
end
local now = clock()
local c = numbers(settings, PHASE_FIELDS)
local lobbySize = redis.call('SCARD', lobby)
local read = redis.call('HMGET', state, 'epoch', 'tick', 'tickAt', 'version', 'limitedBy', 'available', 'held', 'occupied',
  'blocked', 'seatsAt', 'admittedTotal', 'arrivedTotal', 'noShowTotal', 'leftTotal', 'journalHead', 'journalled', 'autoRate')
local answer = { OK, phaseAt(s, c, lobbySize, now), digits(now) }
for index = 1, 17 do
  answer[#answer + 1] = read[index] or ''
end
for _, count in ipairs({
  inLine() + redis.call('ZCARD', returned),
  redis.call('ZCARD', deferred),
  redis.call('ZCARD', arriving),
  redis.call('ZCARD', active),
  redis.call('SCARD', holding),
  lobbySize,
}) do
  answer[#answer + 1] = count
end
return answer
