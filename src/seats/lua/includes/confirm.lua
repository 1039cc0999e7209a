--- Stamps the head with Redis time and publishes "epoch seq asOf", a line end and the delta, if there is one.
--- Needs the locals map head feed epoch seq watermark available held occupied blocked delta; makes asOf, followers.
local now = redis.call('TIME')
local asOf = now[1] .. string.format('%03d', math.floor(tonumber(now[2]) / 1000))
redis.call('HSET', head, 'epoch', epoch, 'seq', seq, 'asOf', asOf, 'watermark', watermark,
  'available', available, 'held', held, 'occupied', occupied, 'blocked', blocked)
-- A copy that nobody confirms any more belongs to a performance long past.
local MONTH = 30 * 24 * 3600
redis.call('EXPIRE', map, MONTH)
redis.call('EXPIRE', head, MONTH)
local followers = redis.call('SPUBLISH', feed, epoch .. ' ' .. seq .. ' ' .. asOf .. '\n' .. delta)
