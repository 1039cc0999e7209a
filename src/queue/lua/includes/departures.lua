-- Who leaves the line in this tick, so that gateways can correct the places of their own fans. Needs digits(), `s`.
local BATCH = 1000

local gone = {} -- lane -> sequences
local moved = 0

local function depart(lane, sequence)
  local sequences = gone[lane] or {}
  sequences[#sequences + 1] = sequence
  gone[lane] = sequences
  moved = moved + 1
end

-- Those who left since the last tick. @return how many
local function drainDepartures()
  local leaving = redis.call('ZPOPMIN', departing, BATCH)
  for index = 1, #leaving, 2 do
    local userId = leaving[index]
    local t = readTicket(userId)
    if redis.call('ZREM', LINES[t.lane + 1], userId) == 0 then
      redis.call('ZREM', late, lateMember(userId, t))
    else
      depart(t.lane, tonumber(leaving[index + 1]))
    end
  end
  return #leaving / 2
end

-- Coded as differences, in order: [[lane,[first,difference,...]],...]
local function codedDepartures()
  local lanes = {}
  for lane, sequences in pairs(gone) do
    table.sort(sequences)
    local coded, previous = {}, 0
    for index, sequence in ipairs(sequences) do
      coded[index] = digits(sequence - previous)
      previous = sequence
    end
    lanes[#lanes + 1] = '[' .. lane .. ',[' .. table.concat(coded, ',') .. ']]'
  end
  return '[' .. table.concat(lanes, ',') .. ']'
end
