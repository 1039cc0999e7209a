-- The draw: those who came before the opening enter the line in random order, ahead of everybody who came after it.
-- Part of the tick; needs `s`, `now`, BATCH.
local function draw()
  local order = s.drawn
  for _, userId in ipairs(drawLots(BATCH)) do
    local t = readTicket(userId)
    order = order + 1
    t.state = 'W'
    t.sequence = order
    redis.call('ZADD', LINES[t.lane + 1], digits(order), userId)
    record(now, 'draw', userId, t)
    writeTicket(userId, t)
  end
  redis.call('HSET', state, 'drawn', digits(order), 'opened', 1)
end
