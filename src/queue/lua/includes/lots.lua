-- Takes up to `count` members of the lobby at random. Tests replace this include by one that can be replayed.
local function drawLots(count)
  return redis.call('SPOP', lobby, count)
end
