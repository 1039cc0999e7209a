/** Started by `startRoomProcess`: a world beside another one's, with one fault planted. */
import { writeSync } from "node:fs";
import { createLogger } from "../../src/platform/logger.ts";
import { startHoldExpiry } from "../../workers/hold-expiry.ts";
import { startPaymentReconciliation } from "../../workers/payment-reconciliation.ts";
import { startSweeper } from "../../workers/sweeper.ts";
import { openWorld, type WorldOptions } from "../reservations/world.ts";
import type { RoomProcessOptions } from "./processes.ts";

const { databaseUrl, redisUrl, plant, workers } = JSON.parse(process.argv[2] ?? "") as RoomProcessOptions;
/** At once and by itself, since the process may never come back to its event loop. */
const say = (line: string) => void writeSync(1, `${line}\n`);
const stop = () => {
  say("stopped");
  return new Promise<never>(() => undefined);
};
const block = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

function planted(): WorldOptions {
  switch (plant) {
    case "block-after-lock":
    case "block-after-lock-unnoticed": {
      const unnoticed = plant === "block-after-lock-unnoticed";
      return {
        locks: (locks) => ({
          ...locks,
          async acquire(resources) {
            // Short, so that it is soon over; but the room finds no lock worth having that has less than a second left.
            const lifeMs = unnoticed ? 500 : 1_500;
            const outcome = await locks.acquire(resources, lifeMs);
            if (!outcome.ok) return outcome;
            say("stopped");
            block(lifeMs + 700);
            const { lease } = outcome;
            return {
              ok: true,
              lease: unnoticed ? { ...lease, remainingMs: () => Number.POSITIVE_INFINITY } : lease,
            };
          },
        }),
      };
    }
    case "stop-in-transaction":
      return { lockFan: (lock) => lock().then(stop) };
    case "stop-before-job":
      return { jobs: { add: stop } };
    case "stop-before-charge":
      return { providers: (sandbox) => [{ ...sandbox, charge: stop }] };
    case "stop-after-charge":
      return {
        providers: (sandbox) => [
          { ...sandbox, charge: (charge, signal) => sandbox.charge(charge, signal).then(stop) },
        ],
      };
    case "stop-after-refund":
      return {
        providers: (sandbox) => [
          { ...sandbox, refund: (refund, signal) => sandbox.refund(refund, signal).then(stop) },
        ],
      };
    default:
      return {};
  }
}

const world = await openWorld({
  ...planted(),
  redisUrl,
  beside: { databaseUrl },
  timing: { callTimeoutMs: plant?.startsWith("stop") ? 60_000 : 3_000 },
});
if (workers) {
  const log = createLogger("test", "silent");
  const { reservations, payments, deliveries } = world;
  startHoldExpiry({ settings: { redisUrl, redisCluster: [] }, log, reservations });
  startSweeper({ log, reservations });
  startPaymentReconciliation({ log, payments, sandbox: deliveries });
}
say(`ready ${world.url}/api/v1`);
