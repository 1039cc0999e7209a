-- The phase follows from settings and time alone; no process has to be alive to flip it.
-- `s`: state fields closed, soldOut, paused, recoverUntil, opened, drawing. `c`: settings fields opensAt, lobbyOpensAt,
-- closesAt.
--
-- `opened` is set once somebody has a place in the line. From then on the draw can't be taken back: those in the
-- lobby go before everybody in the line, so they must be drawn before anybody is told a place, paused or not.
-- `drawing` is above 0 from the tick that closed the lobby to the tick after the last one was placed: only a tick ends
-- the phase, so that no place is read before it and told after it.
local PHASE_FIELDS = { 'opensAt', 'lobbyOpensAt', 'closesAt' }

local function phaseAt(s, c, lobbySize, now)
  if s.closed == 1 or (c.closesAt > 0 and now >= c.closesAt) then
    return 'closed'
  end
  if now < s.recoverUntil then
    return 'recovering'
  end
  if s.soldOut == 1 then
    return 'sold_out'
  end
  if s.drawing > 0 or lobbySize > 0 and (now >= c.opensAt or s.opened == 1) then
    return 'drawing'
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
  return 'open'
end
