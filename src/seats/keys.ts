/**
 * The Redis keys of the availability copy, all of one performance in one hash slot.
 *
 * map   STRING  one letter a seat in ordinal order
 * head  HASH    epoch, seq, asOf (ms of Redis time), watermark (how far the seat history was read), the four counts
 * feed  shard channel: "epoch seq asOf\n" and, when something changed, the delta as clients get it
 */
export interface SeatKeys {
  readonly map: string;
  readonly head: string;
  readonly feed: string;
}

export function seatKeys(performanceId: string): SeatKeys {
  const tag = `{seats:${performanceId}}`;
  return { map: `${tag}:map`, head: `${tag}:head`, feed: `${tag}:feed` };
}
