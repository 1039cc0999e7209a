/** Ours: a worker process as `npm run worker` starts it. */
import { createRooms } from "../../../src/app.ts";
import { loadConfig } from "../../../src/config.ts";
import { openPlatform } from "../../../src/platform/index.ts";
import { createReleaser } from "../../../src/platform/releaser.ts";
import { startWorkers } from "../../../workers/start.ts";
import { answerQuestions } from "../frame/child.ts";

answerQuestions({
  async start(): Promise<void> {
    const platform = await openPlatform(loadConfig(process.env), "worker", createReleaser());
    startWorkers(platform, createRooms(platform));
  },
});
