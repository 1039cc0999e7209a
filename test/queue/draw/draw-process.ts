/**
 * Started by `startDrawProcess`: a worker that ticks, journals and draws on the test's stores, and stops for good before
 * one of the steps of a draw.
 */
import { writeSync } from "node:fs";
import { loadConfig } from "../../../src/config.ts";
import { createAdvisoryLocks } from "../../../src/platform/advisory-locks.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { createMetrics } from "../../../src/platform/metrics.ts";
import { openDatabase } from "../../../src/platform/postgres.ts";
import { openRedis, openSubscriber } from "../../../src/platform/redis.ts";
import { loadScripts } from "../../../src/platform/scripts.ts";
import { startAdmission } from "../../../src/queue/admission.ts";
import { createCredentials } from "../../../src/queue/credentials.ts";
import { createConductor } from "../../../src/queue/draw/conductor.ts";
import { LUA_FOLDER } from "../../../src/queue/index.ts";
import { createLineStore } from "../../../src/queue/line-store.ts";
import type { DrawProcessOptions } from "./processes.ts";

const { databaseUrl, redisUrl, stopBefore } = JSON.parse(process.argv[2] ?? "") as DrawProcessOptions;
/** At once, since the process may never come back to its event loop. */
const say = (line: string) => void writeSync(1, `${line}\n`);

const log = createLogger("test", "silent");
const config = loadConfig({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, NODE_ENV: "test" });
const db = openDatabase(databaseUrl, 4, "test-draw");
const redis = await openRedis({ redisUrl, redisCluster: [] }, log);
const subscriber = await openSubscriber({ redisUrl, redisCluster: [] }, log);
const store = createLineStore(redis, loadScripts(LUA_FOLDER));
const { drawKey } = config;
const conductor = createConductor({ db, store, drawKey, beaconSource: "", beaconSeconds: 5, log });

let steps = 0;
startAdmission({
  db,
  subscriber,
  store,
  locks: createAdvisoryLocks(databaseUrl, log),
  conductor: {
    ...conductor,
    async step(queueId, due) {
      if (steps === stopBefore) {
        say("stopped");
        return new Promise<never>(() => undefined);
      }
      const waitMs = await conductor.step(queueId, due);
      // Waiting for the journal is no step.
      if (waitMs === 0) steps += 1;
      return waitMs;
    },
  },
  log,
  metrics: createMetrics(),
  credentials: createCredentials(config.ticketKey, config.passPrivateKey),
  liveHolds: async () => [],
});
say("ready");
