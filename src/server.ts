/** One gateway process: HTTP and WebSocket. */
import { createRooms, serveMetrics, startGateway } from "./app.ts";
import { refuseOldSchema } from "./migrations/index.ts";
import { refuseArguments, runProcess } from "./platform/process.ts";

refuseArguments("npm run gateway");
await runProcess("gateway", async (platform) => {
  await refuseOldSchema(platform.db);
  await serveMetrics(platform);
  const { port } = await startGateway(platform, createRooms(platform));
  if (!platform.config.limits)
    platform.log.warn("LIMITS ARE OFF (FASTPASS_LIMITS=off): for load tests only, never for an on-sale");
  platform.log.info("gateway is ready", { port });
});
