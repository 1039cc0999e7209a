-- One sorted set a lane, by sequence. A script that counts the line declares all of them.
local LINES = { line0, line1, line2, line3, line4, line5, line6, line7 }

local function inLine()
  local total = 0
  for _, key in ipairs(LINES) do
    total = total + redis.call('ZCARD', key)
  end
  return total
end
