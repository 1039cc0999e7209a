-- Says that a gateway lives; without this its fans count as away after a few seconds. An empty mark takes it off.
--
--- KEYS state gateways
--- ARGV gatewayId alive
--
-- Returns { code }.
--@include codes
--@include clock

if redis.call('EXISTS', state) == 0 then
  return { REBUILDING }
end
if alive == '1' then
  redis.call('HSET', gateways, gatewayId, string.format('%.0f', clock()))
else
  redis.call('HDEL', gateways, gatewayId)
end
return { OK }
