-- Tells the workers that something is due before the next tick: a slot came free, an admission wants committing.
local function wake()
  redis.call('PUBLISH', 'fastpass:wake', queueId)
end
