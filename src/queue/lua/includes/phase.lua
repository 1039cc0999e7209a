-- The phase follows from settings and time alone; no process has to be alive to flip it.
-- `s`: state fields closed, soldOut, paused. `c`: settings fields opensAt, lobbyOpensAt, closesAt.
local PHASE_FIELDS = { 'opensAt', 'lobbyOpensAt', 'closesAt' }

local function phaseAt(s, c, lobbySize, now)
  if s.closed == 1 or (c.closesAt > 0 and now >= c.closesAt) then
    return 'closed'
  end
  if s.soldOut == 1 then
    return 'sold_out'
  end
  if now < c.opensAt then
    if c.lobbyOpensAt > 0 and now >= c.lobbyOpensAt then
      return 'lobby'
    end
    return 'scheduled'
  end
  if s.paused == 1 then
    return 'paused'
  end
  if lobbySize > 0 then
    return 'drawing'
  end
  return 'open'
end
