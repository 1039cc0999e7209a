/** A lobby of many fans in seconds: each joins by the script that joins everybody, without the HTTP around it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { v7 as uuidv7 } from "uuid";
import { openDatabase } from "../../../src/platform/postgres.ts";
import { loadScripts } from "../../../src/platform/scripts.ts";
import { LUA_FOLDER } from "../../../src/queue/index.ts";
import { createLineStore } from "../../../src/queue/line-store.ts";
import type { House } from "./index.ts";

export interface Lobby {
  /** One more joins. @returns its sequence. */
  join(): Promise<number>;
  phase(): Promise<string>;
  close(): Promise<void>;
}

const GATEWAY = "bench";
const BATCH = 1_000;
const HEARTBEAT_MS = 2_000;
const JOURNAL_PATIENCE_MS = 120_000;

/** @returns once all of them stand in the journal; they count as present until it is closed. */
export async function fillLobby(house: House, queueId: string, count: number): Promise<Lobby> {
  const redis = new Redis(house.redisUrl);
  const store = createLineStore(redis, loadScripts(LUA_FOLDER));
  const beat = setInterval(
    () => void store.heartbeat(queueId, GATEWAY, true).catch(() => undefined),
    HEARTBEAT_MS,
  );
  const join = async () => {
    const outcome = await store.join(queueId, uuidv7(), uuidv7(), "", GATEWAY);
    if (!outcome.ok) throw new Error(`could not join: ${outcome.code}`);
    return outcome.view.sequence;
  };
  for (let joined = 0; joined < count; joined += BATCH)
    await Promise.all(Array.from({ length: BATCH }, join));
  await untilJournalled(house.databaseUrl, queueId, count);
  return {
    join,
    phase: async () => (await store.summary(queueId))?.phase ?? "recovering",
    async close() {
      clearInterval(beat);
      redis.disconnect();
    },
  };
}

async function untilJournalled(databaseUrl: string, queueId: string, count: number): Promise<void> {
  const db = openDatabase(databaseUrl, 1, "bench-journal");
  try {
    const deadline = Date.now() + JOURNAL_PATIENCE_MS;
    while (Date.now() < deadline) {
      const { journal_length: length } = await db("queues").where({ id: queueId }).first("journal_length");
      if (length >= count) return;
      await sleep(100);
    }
    throw new Error("the journal has not caught up");
  } finally {
    await db.destroy();
  }
}
