-- Puts a batch of those drawn into the line, in the order of the draw, ahead of everybody who came after the lobby.
--
--- KEYS state tickets line0 line1 line2 line3 line4 line5 line6 line7 lobby events
--- ARGV atEpoch firstPlace pairs...
--
-- pairs: account, ticketId, ... ; the first of them gets firstPlace, which is its sequence, and so on. Who has left
-- meanwhile leaves the place empty. Idempotent: who stands in the line already stays there. Without pairs it only asks.
-- Returns { code, entries that the journal has not got yet }; STALE when no draw is under way in this epoch.
--@include codes
--@include fields
--@include clock
--@include ticket
--@include event
--@include lines

local s = numbers(state, { 'epoch', 'drawing', 'eventNumber' })
if s.epoch == 0 then
  return { REBUILDING }
end
if s.epoch ~= tonumber(atEpoch) or s.drawing == 0 then
  return { STALE }
end
local accounts = {}
for index = firstRest, #ARGV, 2 do
  accounts[#accounts + 1] = ARGV[index]
end
local held = #accounts > 0 and redis.call('HMGET', tickets, unpack(accounts)) or {}
local placed, written = {}, {}
local byLane = {}
for index, userId in ipairs(accounts) do
  local t = held[index] and unpackTicket(held[index])
  if t and t.state == 'L' and t.id == ARGV[firstRest + 2 * index - 1] then
    t.state = 'W'
    t.sequence = tonumber(firstPlace) + index - 1
    placed[#placed + 1] = userId
    written[#written + 1] = userId
    written[#written + 1] = packTicket(t)
    local scores = byLane[t.lane] or {}
    scores[#scores + 1] = digits(t.sequence)
    scores[#scores + 1] = userId
    byLane[t.lane] = scores
    held[index] = t
  else
    held[index] = false
  end
end
if #placed > 0 then
  local now = clock()
  redis.call('SREM', lobby, unpack(placed))
  redis.call('HSET', tickets, unpack(written))
  for lane, scores in pairs(byLane) do
    redis.call('ZADD', LINES[lane + 1], unpack(scores))
  end
  local number = s.eventNumber
  for index, userId in ipairs(accounts) do
    if held[index] then
      number = number + 1
      append(number, now, 'draw', userId, held[index])
    end
  end
  redis.call('HSET', state, 'eventNumber', digits(number))
end
return { OK, redis.call('XLEN', events) }
