-- Arrival and grace clocks run on time that stands still while the queue is paused.
-- `s` needs paused, pausedAt, frozen.
local function runningTime(s, now)
  if s.paused == 1 then
    return s.pausedAt - s.frozen
  end
  return now - s.frozen
end
