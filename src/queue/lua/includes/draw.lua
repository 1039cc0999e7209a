-- The tick's part in the draw: it closes the lobby, and it lets the line go once everybody drawn stands in it. What lies
-- between, the order and the placing, is done from outside in batches (place_drawn.lua, finish_draw.lua).
-- Part of the tick; needs `s`, `now`, `state`, `lobby`.

-- The journal's entry is the list: who joined the lobby before it and has not left is drawn, nobody else ever is.
local function closeLobby()
  if s.drawing > 0 then
    return
  end
  s.drawing = record(now, 'freeze', nil, nil, '{"lobby":' .. redis.call('SCARD', lobby) .. '}')
  redis.call('HSET', state, 'drawing', digits(s.drawing), 'drawLoaded', 0, 'opened', 1)
end

local function endDraw()
  record(now, 'drawn')
  redis.call('HSET', state, 'drawing', 0, 'drawLoaded', 0)
end
