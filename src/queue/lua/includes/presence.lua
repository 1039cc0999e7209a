-- Presence is a list of gateway ids for each account; a gateway whose heartbeat stopped counts as gone, and its
-- fans with it. Needs `presence`, `gateways`.
local HEARTBEAT_LIMIT = 6000000
-- A gateway silent for this long does not come back under its id.
local HEARTBEAT_FORGOTTEN = 600000000
local FEW_GATEWAYS = 4

local function liveGateways(now)
  local live = {}
  local all = redis.call('HGETALL', gateways)
  for index = 1, #all, 2 do
    local silent = now - tonumber(all[index + 1])
    if silent <= HEARTBEAT_LIMIT then
      live[all[index]] = true
    elseif silent > HEARTBEAT_FORGOTTEN then
      redis.call('HDEL', gateways, all[index])
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

-- Without the gateways that were forgotten: crashed ones took nobody off their lists.
local function known(listed)
  local rest = {}
  for gateway in string.gmatch(listed, '[^,]+') do
    if redis.call('HEXISTS', gateways, gateway) == 1 then
      rest[#rest + 1] = gateway
    end
  end
  return rest
end

local heardFrom

local function markPresent(userId, gatewayId, now)
  if heardFrom ~= gatewayId then
    redis.call('HSET', gateways, gatewayId, string.format('%.0f', now))
    heardFrom = gatewayId
  end
  local listed = redis.call('HGET', presence, userId)
  if not listed then
    redis.call('HSET', presence, userId, gatewayId)
  elseif not string.find(',' .. listed .. ',', ',' .. gatewayId .. ',', 1, true) then
    local _, commas = string.gsub(listed, ',', '')
    if commas + 1 >= FEW_GATEWAYS then
      local rest = known(listed)
      rest[#rest + 1] = gatewayId
      redis.call('HSET', presence, userId, table.concat(rest, ','))
    else
      redis.call('HSET', presence, userId, listed .. ',' .. gatewayId)
    end
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
