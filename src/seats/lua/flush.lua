--- Writes what changed since the last flush into the availability copy and tells the followers.
--- Without changes it confirms the copy: the same, only asOf and the watermark move on.
---
--- KEYS map head feed
--- ARGV epoch seq watermark seatCount available held occupied blocked delta runs...
---   epoch, seq: what the copy stood at when the caller computed the changes
---   delta: the message for clients, numbered seq + 1; empty when nothing changed
---   runs: offset, letters, offset, letters ... into the map
--- Returns {code, asOf in ms, followers of this node}; 0 written, 1 there is no whole copy, 2 it stands elsewhere.
---
--- Invariant: (epoch, seq) names one map for ever. So only a writer that knows where the copy stands may move
--- it: a second projector, however late it wakes, changes nothing.
local known = redis.call('HMGET', head, 'epoch', 'seq')
if not known[1] or redis.call('STRLEN', map) ~= tonumber(seatCount) then return {1} end
if known[1] ~= epoch or known[2] ~= seq then return {2} end

if delta ~= '' then
  seq = string.format('%d', tonumber(seq) + 1)
  for index = firstRest, #ARGV, 2 do
    redis.call('SETRANGE', map, ARGV[index], ARGV[index + 1])
  end
end
--@include confirm
return {0, asOf, followers}
