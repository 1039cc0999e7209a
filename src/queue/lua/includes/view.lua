-- The view of one ticket, as the scripts answer it; src/queue/view.ts reads the same order:
--   ticketId, sequence, state, lane, epoch, rank, waiting, tick, tickAt, arriveBy, passEnds, graceEnds,
--   fence, phase, available, held, number, tickStamp
-- tickStamp is the time of the tick itself, tickAt also that of a look at an empty queue since: two histories may have
-- a tick of one number, not of one stamp. rank is -1 when the ticket is not in a line. An admission that the journal does not hold yet is not shown:
-- its fan still waits at the front.
local VIEW_STATE = { 'epoch', 'tick', 'tickAt', 'tickStamp', 'journalled', 'closed', 'soldOut', 'recoverUntil', 'opened', 'drawing', 'paused',
  'pausedAt', 'frozen', 'available', 'held', 'seatsAt' }

-- What is the same for every ticket is counted once: when a script builds its first view, all changes are made.
local waiting, lobbySize
local function countAll()
  waiting = waiting or inLine() + redis.call('ZCARD', returned)
  lobbySize = lobbySize or redis.call('SCARD', lobby)
end

local function viewOf(userId, t, now, s, c)
  countAll()
  local shown = t.state
  local rank = -1
  local arriveBy = 0
  if shown == 'W' then
    rank = redis.call('ZRANK', LINES[t.lane + 1], userId) or -1
    if rank < 0 and redis.call('ZSCORE', late, lateMember(userId, t)) then
      rank = redis.call('ZCOUNT', LINES[t.lane + 1], '-inf', '(' .. digits(t.sequence))
    end
  elseif shown == 'A' then
    if t.number > s.journalled then
      shown = 'W'
      rank = 0
    else
      local deadline = tonumber(redis.call('ZSCORE', arriving, userId) or 0)
      arriveBy = deadline > 0 and now + (deadline - runningTime(s, now)) or 0
    end
  end
  local grace = 0
  if shown == 'D' then
    grace = now + (t.ends - runningTime(s, now))
  elseif shown == 'R' then
    grace = now + t.ends
  end
  return {
    t.id, digits(t.sequence), shown, t.lane, t.epoch, rank,
    waiting, s.tick, digits(s.tickAt), digits(arriveBy),
    digits(shown == 'I' and t.ends or 0), digits(grace), digits(t.fence),
    phaseAt(s, c, lobbySize, now), s.available, s.held, digits(t.number), digits(s.tickStamp),
  }
end
