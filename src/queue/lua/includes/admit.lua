-- The one way into the building: fence, arrival deadline, journal entry. The caller has taken the fan from the
-- line and checked room and pace. It counts once the entry is committed to the journal. `direct`: never in the line.
local function admit(now, running, arrivalMicros, userId, t, direct)
  t.state = 'A'
  t.fence = redis.call('HINCRBY', state, 'fence', 1)
  t.ends = 0
  local arriveBy = running + arrivalMicros
  t.number = record(now, 'admit', userId, t,
    '{"fence":' .. digits(t.fence) .. ',"arriveBy":' .. digits(now + arrivalMicros) .. (direct and ',"direct":true}' or '}'))
  writeTicket(userId, t)
  redis.call('ZADD', arriving, digits(arriveBy), userId)
  redis.call('HINCRBY', state, 'admittedTotal', 1)
end
