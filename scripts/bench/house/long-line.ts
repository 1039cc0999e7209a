/**
 * Lines of a million fans, made in seconds: one fan joins as everybody does, and all others are written to Redis in
 * the form which that one has there.
 */
import type { Redis } from "ioredis";
import { v7 } from "uuid";
import { keyOf } from "../../../src/queue/keys.ts";

/** How a waiting fan of this queue is kept. */
export interface Mould {
  readonly queueId: string;
  readonly ticket: string;
  readonly presence: string;
}

const BATCH = 5_000;

/** @param userId one who has joined and waits. */
export async function mouldOf(redis: Redis, queueId: string, userId: string): Promise<Mould> {
  const [ticket, presence] = await Promise.all([
    redis.hget(keyOf(queueId, "tickets"), userId),
    redis.hget(keyOf(queueId, "presence"), userId),
  ]);
  if (!ticket || !presence) throw new Error("this fan does not wait");
  return { queueId, ticket, presence };
}

/** Puts `count` fans at the end of the line; who joins after this stands behind them. */
export async function fillLine(
  redis: Redis,
  { queueId, ticket, presence }: Mould,
  count: number,
): Promise<void> {
  const key = (name: string) => keyOf(queueId, name);
  const [ticketId = "", sequence = ""] = ticket.split("|");
  const last = Number(await redis.hget(key("state"), "lastSequence"));
  await redis.hset(key("state"), "lastSequence", last + count);
  for (let start = 1; start <= count; start += BATCH) {
    const tickets: string[] = [];
    const present: string[] = [];
    const line: (string | number)[] = [];
    for (let each = start; each < Math.min(start + BATCH, count + 1); each += 1) {
      const userId = v7();
      tickets.push(userId, ticket.replace(ticketId, v7()).replace(sequence, String(last + each)));
      present.push(userId, presence);
      line.push(last + each, userId);
    }
    await redis
      .pipeline()
      .hset(key("tickets"), ...tickets)
      .hset(key("presence"), ...present)
      .zadd(key("line0"), ...line)
      .exec();
  }
}
