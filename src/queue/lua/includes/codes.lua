-- What scripts answer; src/queue/codes.ts names the same numbers.
local REBUILDING = -1
local OK = 1
local EXISTING = 2
local NOT_OPEN = 3
local CLOSED = 4
local SOLD_OUT = 5
local REMOVED = 6
local DEPARTING = 7
local NO_TICKET = 8
local NOT_ADMITTED = 9
local EXPIRED = 10
local UNCOMMITTED = 11
local REVOKED = 12
local SKIPPED = 13
local IDLE = 14
local STALE = 15
local BUSY = 16
