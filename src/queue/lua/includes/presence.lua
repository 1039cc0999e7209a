-- Presence is a list of gateway ids for each account; a gateway whose heartbeat stopped counts as gone, and its
-- fans with it. Needs `presence`, `gateways`.
local HEARTBEAT_LIMIT = 6000000

local function liveGateways(now)
  local live = {}
  local all = redis.call('HGETALL', gateways)
  for index = 1, #all, 2 do
    if now - tonumber(all[index + 1]) <= HEARTBEAT_LIMIT then
      live[all[index]] = true
    end
  end
  return live
end

local function isPresent(userId, live)
  local listed = redis.call('HGET', presence, userId)
  if not listed then
    return false
  end
  for gateway in string.gmatch(listed, '[^,]+') do
    if live[gateway] then
      return true
    end
  end
  return false
end

local function markPresent(userId, gatewayId, now)
  redis.call('HSET', gateways, gatewayId, string.format('%.0f', now))
  local listed = redis.call('HGET', presence, userId)
  if not listed then
    redis.call('HSET', presence, userId, gatewayId)
  elseif not string.find(',' .. listed .. ',', ',' .. gatewayId .. ',', 1, true) then
    redis.call('HSET', presence, userId, listed .. ',' .. gatewayId)
  end
end

local function markGone(userId, gatewayId)
  local listed = redis.call('HGET', presence, userId)
  if not listed then
    return
  end
  local rest = {}
  for gateway in string.gmatch(listed, '[^,]+') do
    if gateway ~= gatewayId then
      rest[#rest + 1] = gateway
    end
  end
  if #rest == 0 then
    redis.call('HDEL', presence, userId)
  else
    redis.call('HSET', presence, userId, table.concat(rest, ','))
  end
end
