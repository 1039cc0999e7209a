-- Tickets whose joins were lost. Part of the join; needs its arguments, LINES, `late`.

-- A signed ticket of this very epoch, and no ticket of its account: no script ever takes one away, so this Redis has
-- gone back by less than a tick, which the journaller can't see. The ticket is of an earlier epoch once the queue is
-- made anew, and honoured then like all that was lost with it.
local function provesLoss(mine, s)
  return lostId ~= '' and not mine and tonumber(lostEpoch) == s.epoch
end

-- A ticket whose join was lost with an earlier epoch.
--
-- The journal's word counts only if it was given in this very epoch. Whatever ticket the account has had since the
-- loss, however it ended, the old one is worth nothing any more; nor is one whose number somebody else has by now, as
-- those of a Redis whose clock had been ahead. Numbers of the draw are none of these: the journal knows all its joins.
-- @return { id, sequence, lane }, or nil
local function honoured(mine, s)
  if lostId == '' or tonumber(journalEpoch) ~= s.epoch or tonumber(lostEpoch) >= s.epoch then
    return nil
  end
  if mine and (mine.id == lostId or mine.epoch > tonumber(lostEpoch)) then
    return nil
  end
  local lane, sequence = tonumber(lostLane), tonumber(lostSequence)
  local taken = redis.call('ZCOUNT', LINES[lane + 1], lostSequence, lostSequence) > 0
    or redis.call('ZCOUNT', late, lostSequence, lostSequence) > 0
  if taken then
    return nil
  end
  return { id = lostId, sequence = sequence, lane = lane }
end
