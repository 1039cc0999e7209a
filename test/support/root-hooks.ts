/** What holds for every run of the tests; `.mocharc.json` requires this file. */
import { ensureRedisServer } from "../../scripts/local/redis.ts";
import { endOrTell } from "./leaks.ts";
import { failIfAnyRejected, nowRunning, watchForErrors } from "./rejections.ts";
import { stopTestServers } from "./servers.ts";

const STOP_TIMEOUT_MS = 60_000;

/**
 * Installing a redis-server may take longer than a test may, so it happens here, outside of every time limit.
 * Where it cannot be installed, the tests that need one say so.
 */
export async function mochaGlobalSetup(): Promise<void> {
  if (!process.env.TEST_REDIS_URL) await ensureRedisServer().catch(() => undefined);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void abandon(signal));
  watchForErrors();
}

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    nowRunning(this.currentTest?.fullTitle() ?? "");
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(STOP_TIMEOUT_MS);
    await stopTestServers();
    endOrTell();
    failIfAnyRejected();
  },
};

/** Without this a Ctrl-C would leave the temporary folders behind. */
async function abandon(signal: NodeJS.Signals): Promise<void> {
  await stopTestServers().catch(() => undefined);
  process.kill(process.pid, signal);
}
