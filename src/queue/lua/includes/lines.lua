-- One sorted set a lane, by sequence. A script that counts the line declares all of them.
--
-- `late` holds those whose joins were lost with Redis and who came with their tickets when others had been told places
-- again: they go in the order of their sequences like everybody, but count in nobody's place, which would rise.
local LINES = { line0, line1, line2, line3, line4, line5, line6, line7 }

local function lateMember(userId, t)
  return t.lane .. ':' .. userId
end

local function inLine()
  local total = redis.call('ZCARD', late) + redis.call('ZCARD', line0)
  -- Few queues have priority lanes, and one question about all of them is cheaper than one about each.
  if redis.call('EXISTS', line1, line2, line3, line4, line5, line6, line7) > 0 then
    for lane = 2, #LINES do
      total = total + redis.call('ZCARD', LINES[lane])
    end
  end
  return total
end
