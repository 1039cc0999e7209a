-- A ticket is one packed field of the tickets hash, keyed by account:
--   ticketId|sequence|state|lane|epoch|fence|number|until|flags
-- state: L lobby, W waiting, D deferred, R returned, A admitted, I inside, G left, X expired, M removed, E ended.
-- number: the journal entry of the admission (A, I). until: end of the grace in running time (D), what is left of it
-- (R), end of the session (I).
-- flags: u = an admission that nobody acknowledged was forgiven once, k = a page is known to have received this one,
-- or may have: after a loss nobody knows.
-- Empty tail fields are cut off: most fans only wait.
-- A hash for each account would cost twice the memory of this form.
local function unpackTicket(packed)
  local parts = {}
  for part in string.gmatch(packed .. '|', '([^|]*)|') do
    parts[#parts + 1] = part
  end
  return {
    id = parts[1],
    sequence = tonumber(parts[2]),
    state = parts[3],
    lane = tonumber(parts[4]),
    epoch = tonumber(parts[5]),
    fence = tonumber(parts[6] or '') or 0,
    number = tonumber(parts[7] or '') or 0,
    ends = tonumber(parts[8] or '') or 0,
    flags = parts[9] or '',
  }
end

local function readTicket(userId)
  local packed = redis.call('HGET', tickets, userId)
  return packed and unpackTicket(packed) or nil
end

local function packTicket(t)
  local packed = table.concat({ t.id, string.format('%.0f', t.sequence), t.state, t.lane, t.epoch }, '|')
  if t.fence > 0 or t.ends > 0 or t.flags ~= '' then
    packed = packed .. '|' .. string.format('%.0f|%.0f|%.0f|%s', t.fence, t.number, t.ends, t.flags)
  end
  return packed
end

local function writeTicket(userId, t)
  redis.call('HSET', tickets, userId, packTicket(t))
end
