-- Forgets the queue, to load it anew: until the state is back every script answers that it is being rebuilt.
--
--- KEYS building state settings tickets codes line0 line1 line2 line3 line4 line5 line6 line7 late lobby deferred returned departing arriving active holding pace given gateways presence health passes events
--- ARGV token
--
-- The token names this rebuilding: an older one that is still under way can load nothing more. Returns { code }.
--@include codes

redis.call('UNLINK', state, settings, tickets, codes, line0, line1, line2, line3, line4, line5, line6, line7, late, lobby, deferred, returned,
  departing, arriving, active, holding, pace, given, gateways, presence, health, passes, events)
redis.call('SET', building, token)
return { OK }
