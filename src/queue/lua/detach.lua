-- Takes accounts off a gateway's presence: their sockets closed or their polls stopped.
--
--- KEYS state gateways presence
--- ARGV gatewayId userIds...
--
-- Returns { code }.
--@include codes
--@include presence

if redis.call('EXISTS', state) == 0 then
  return { REBUILDING }
end
for index = firstRest, #ARGV do
  markGone(ARGV[index], gatewayId)
end
return { OK }
