--- Reads an availability copy: map and head of the same moment.
---
--- KEYS map head
--- ARGV
--- Returns {map, epoch, seq, asOf, watermark}, or {} when there is no whole copy.
local letters = redis.call('GET', map)
local known = redis.call('HMGET', head, 'epoch', 'seq', 'asOf', 'watermark')
if not letters or not known[1] then return {} end
return {letters, known[1], known[2], known[3], known[4]}
