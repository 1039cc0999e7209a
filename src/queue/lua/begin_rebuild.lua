-- Forgets the queue, to load it anew: until the state is back every script answers that it is being rebuilt.
--
--- KEYS building state settings tickets codes line0 line1 line2 line3 line4 line5 line6 line7 late lobby deferred returned departing arriving active holding pace given gateways presence health passes events
--- ARGV token epoch
--
-- The token names this rebuilding: an older one that is still under way can load nothing more. epoch: the last one in
-- which the queue was seen, 0 for none. Returns { code }: STALE when the queue is in a later one, since somebody has
-- loaded it meanwhile; nothing is forgotten then.
--@include codes
--@include fields

if numbers(state, { 'epoch' }).epoch > tonumber(epoch) then
  return { STALE }
end

redis.call('UNLINK', state, settings, tickets, codes, line0, line1, line2, line3, line4, line5, line6, line7, late, lobby, deferred, returned,
  departing, arriving, active, holding, pace, given, gateways, presence, health, passes, events)
redis.call('SET', building, token)
return { OK }
