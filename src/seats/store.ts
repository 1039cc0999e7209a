/** The availability copy in Redis: the room's only file that speaks to it. */
import { fileURLToPath } from "node:url";
import type { Histogram } from "../platform/metrics.ts";
import type { RedisClient } from "../platform/redis.ts";
import { loadScripts, registerScripts } from "../platform/scripts.ts";
import { seatKeys } from "./keys.ts";
import type { Run } from "./letters.ts";
import type { SeatCounts } from "./ports.ts";

const SCRIPTS = loadScripts(fileURLToPath(new URL("lua", import.meta.url)));

/** Where a copy stands. The same pair never names two different maps. */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

export interface CopyHead extends Position {
  readonly watermark: string;
  readonly counts: SeatCounts;
}

export interface StoredCopy extends Position {
  readonly letters: string;
  /** Milliseconds of Redis time at which the projector last confirmed it. */
  readonly asOf: number;
  readonly watermark: string;
}

export interface Flush {
  /** What the changes were computed against. */
  readonly from: Position;
  readonly seatCount: number;
  readonly watermark: string;
  readonly counts: SeatCounts;
  /** The message for clients, numbered `from.seq + 1`; empty when nothing changed. */
  readonly delta: string;
  readonly runs: readonly Run[];
}

export type FlushOutcome =
  | { readonly ok: true; readonly followers: number }
  | { readonly ok: false; readonly reason: "ABSENT" | "MOVED" };

export interface Rebuild {
  readonly letters: string;
  readonly counts: SeatCounts;
  readonly watermark: string;
  /** The new epoch is above this one; 0 when none was seen. */
  readonly aboveEpoch: number;
}

export interface SeatStore {
  readCopy(performanceId: string): Promise<StoredCopy | null>;
  readHead(performanceId: string): Promise<CopyHead | null>;
  flush(performanceId: string, flush: Flush): Promise<FlushOutcome>;
  rebuild(performanceId: string, rebuild: Rebuild): Promise<Position & { readonly followers: number }>;
}

/** What the flush script answers. */
const FlushCode = { written: 0, absent: 1, moved: 2 } as const;

/** @param seconds hears how long each script took. */
export function createSeatStore(
  redis: RedisClient,
  seconds?: Pick<Histogram<"script">, "observe">,
): SeatStore {
  const run = registerScripts(redis, SCRIPTS, seconds);

  return {
    async readCopy(performanceId) {
      const { map, head } = seatKeys(performanceId);
      const [letters, epoch, seq, asOf, watermark] = (await run("read", [map, head], [])) as string[];
      if (letters === undefined) return null;
      return {
        letters,
        epoch: Number(epoch),
        seq: Number(seq),
        asOf: Number(asOf),
        watermark: watermark ?? "",
      };
    },
    async readHead(performanceId) {
      const fields = await redis.hgetall(seatKeys(performanceId).head);
      if (fields.epoch === undefined) return null;
      return {
        epoch: Number(fields.epoch),
        seq: Number(fields.seq),
        watermark: fields.watermark ?? "",
        counts: {
          available: Number(fields.available),
          held: Number(fields.held),
          occupied: Number(fields.occupied),
          blocked: Number(fields.blocked),
        },
      };
    },
    async flush(performanceId, { from, seatCount, watermark, counts, delta, runs }) {
      const { map, head, feed } = seatKeys(performanceId);
      const stretches = runs.flatMap(({ offset, letters }) => [offset, letters]);
      const [code, , followers] = (await run(
        "flush",
        [map, head, feed],
        [from.epoch, from.seq, watermark, seatCount, ...inOrder(counts), delta, ...stretches],
      )) as [number, string, number];
      if (code === FlushCode.written) return { ok: true, followers };
      return { ok: false, reason: code === FlushCode.absent ? "ABSENT" : "MOVED" };
    },
    async rebuild(performanceId, { letters, counts, watermark, aboveEpoch }) {
      const { map, head, feed } = seatKeys(performanceId);
      const [epoch, , followers] = (await run(
        "rebuild",
        [map, head, feed],
        [aboveEpoch, watermark, letters, ...inOrder(counts)],
      )) as [string, string, number];
      return { epoch: Number(epoch), seq: 0, followers };
    },
  };
}

function inOrder({ available, held, occupied, blocked }: SeatCounts): number[] {
  return [available, held, occupied, blocked];
}
