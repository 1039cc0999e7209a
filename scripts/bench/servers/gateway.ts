/** Ours: a gateway process as `npm run gateway` starts it, whose metrics and locks a benchmark may change. */
import { createRooms, startGateway } from "../../../src/app.ts";
import { loadConfig } from "../../../src/config.ts";
import { openPlatform, type Platform } from "../../../src/platform/index.ts";
import { createReleaser } from "../../../src/platform/releaser.ts";
import { answerQuestions } from "../frame/child.ts";
import { createPlainLock } from "./plain-lock.ts";
import { processorMs, residentBytes } from "./usage.ts";

export interface GatewayOptions {
  /** False: requests are not observed. */
  readonly metrics?: boolean;
  /** `plain`: one SET NX in place of Redlock. */
  readonly lock?: "configured" | "plain";
}

answerQuestions({
  async start({ metrics = true, lock = "configured" }: GatewayOptions): Promise<number> {
    const opened = await openPlatform(loadConfig(process.env), "gateway", createReleaser());
    const platform: Platform = {
      ...opened,
      locks: lock === "plain" ? createPlainLock(opened.redis) : opened.locks,
      metrics: metrics ? opened.metrics : { ...opened.metrics, http: { observeRequest: () => undefined } },
    };
    const { port } = await startGateway(platform, createRooms(platform));
    return port;
  },
  "processor ms": processorMs,
  "resident bytes": residentBytes,
});
