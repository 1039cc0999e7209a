/**
 * Every Redis key of a queue. All share the hash tag `{q:<queueId>}`, so that one script may touch them all
 * on a cluster.
 *
 * | key | type | holds |
 * |---|---|---|
 * | state | hash | epoch, fence, tick, last sequence, pace, phase inputs, counters |
 * | settings | hash | what the operator decided, as numbers |
 * | tickets | hash | account → packed ticket (see lua/includes/ticket.lua) |
 * | line0 … line7 | zset | a lane's line: account by sequence |
 * | codes | hash | hash of a code → "lane:uses left" |
 * | late | zset | back with a ticket whose join was lost, beside the line: "lane:account" by sequence |
 * | lobby | set | accounts waiting for the draw |
 * | deferred | zset | passed over while away: account by end of grace (running time) |
 * | returned | zset | deferred and back: account by sequence |
 * | departing | zset | left since the last tick, still in the line: account by sequence |
 * | arriving | zset | admitted, not claimed: account by deadline (running time) |
 * | active | zset | inside: account by the end of its slot |
 * | holding | set | inside with a live hold |
 * | pace | list | the ring of the last minute's admissions, "cell:count" |
 * | given | list | the same of the tokens given back |
 * | gateways | hash | gateway → last heartbeat |
 * | presence | hash | account → gateways that see it |
 * | health | hash | gateway → how its last holds went, "time:total:slow:failed:crowded" |
 * | passes | hash | ticketId → the pass signed for it |
 * | events | stream | what the journal has not got yet; the entry's id is its journal number |
 * | building | string | the token of the rebuilding under way |
 *
 * `channel` is the sharded Pub/Sub channel on which committed changes reach the gateways.
 */
export const LANES = 8;

export const KEY_NAMES = [
  "state",
  "settings",
  "tickets",
  "codes",
  ...Array.from({ length: LANES }, (_, lane) => `line${lane}`),
  "late",
  "lobby",
  "deferred",
  "returned",
  "departing",
  "arriving",
  "active",
  "holding",
  "pace",
  "given",
  "gateways",
  "presence",
  "health",
  "passes",
  "events",
  "building",
  "channel",
];

export function keyOf(queueId: string, name: string): string {
  return `{q:${queueId}}:${name}`;
}

/** Every worker listens here; the message is the id of a queue in which something is due at once. */
export const WAKE_CHANNEL = "fastpass:wake";
