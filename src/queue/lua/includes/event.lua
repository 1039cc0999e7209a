-- Appends to the stream that the journal is written from. An entry's stream id is its journal number, so the
-- journal knows a repeated or a missing entry by the number alone. Needs `state`, `events`.
-- The tick sets `currentTick`, so that its own events are told from those between ticks.
local currentTick = ''

-- Under a number that the caller has taken from `eventNumber`, and in the order of the numbers.
local function append(number, now, kind, userId, t, data)
  local line = table.concat({
    kind,
    string.format('%.0f', now),
    userId or '',
    t and t.id or '',
    t and string.format('%.0f', t.sequence) or '',
    t and t.lane or '',
    currentTick,
    data or '{}',
  }, '|')
  redis.call('XADD', events, string.format('%.0f-0', number), 'e', line)
end

local function record(now, kind, userId, t, data)
  local number = redis.call('HINCRBY', state, 'eventNumber', 1)
  append(number, now, kind, userId, t, data)
  return number
end
