/** One worker process: admission, hold expiry, sweeper, seat projection, payment reconciliation. */
import { createRooms, serveMetrics } from "../src/app.ts";
import { refuseOldSchema } from "../src/migrations/index.ts";
import { refuseArguments, runProcess } from "../src/platform/process.ts";
import { startWorkers } from "./start.ts";

refuseArguments("npm run worker");
await runProcess("worker", async (platform) => {
  const { db, log } = platform;
  await refuseOldSchema(db);
  await serveMetrics(platform);
  startWorkers(platform, createRooms(platform));
  log.info("worker is ready");
});
