/**
 * `npm start`: all of Fast Pass on one machine, in one process, with everything it needs.
 *
 * Without DATABASE_URL and REDIS_URL it brings up a private PostgreSQL and Redis whose data lie in `.fastpass`, and in
 * an empty database it makes an event to look at. With both set it uses those, installs nothing and seeds nothing.
 */
import path from "node:path";
import { createRooms, serveMetrics, startGateway } from "../src/app.ts";
import { loadConfig } from "../src/config.ts";
import { migrate } from "../src/migrations/index.ts";
import type { Platform } from "../src/platform/index.ts";
import { refuseArguments, runProcess, sentenceOf } from "../src/platform/process.ts";
import { createReleaser } from "../src/platform/releaser.ts";
import { startWorkers } from "../workers/start.ts";
import { startPostgres } from "./local/postgres.ts";
import { ensureRedisServer, startRedis } from "./local/redis.ts";
import { SetupError } from "./local/setup-error.ts";
import { DEMO_FAN, DEMO_OPERATOR, makeDemoEvent } from "./start/demo-event.ts";
import { LOCAL_HOME, shareEnvironment } from "./start/local-environment.ts";
import { localSecrets } from "./start/secrets.ts";

const say = (line: string) => console.log(line);
const releaser = createReleaser(20_000);

/** The environment the program runs in, with servers of our own where none is named. */
async function completeEnvironment(
  given: NodeJS.ProcessEnv,
): Promise<{ environment: NodeJS.ProcessEnv; demo: boolean }> {
  // Before anything is started: a wrong setting should cost no wait.
  loadConfig({ DATABASE_URL: "postgres://not-yet", REDIS_URL: "redis://not-yet", ...given });
  const environment = { ...given };
  // It may have to be installed, or be missing: nothing need be started before that is known.
  if (!environment.REDIS_URL) await ensureRedisServer(say);
  // Reachable from this machine only, unless somebody asks for more.
  environment.HOST ??= "127.0.0.1";
  environment.LOG_LEVEL ??= "warn";
  const demo = !given.DATABASE_URL && !given.FASTPASS_OPERATOR_EMAIL && given.NODE_ENV !== "production";
  if (!environment.DATABASE_URL) {
    const postgres = await startPostgres({ dir: path.join(LOCAL_HOME, "postgres"), durable: true, say });
    releaser.add("private postgres", () => postgres.stop());
    environment.DATABASE_URL = postgres.url;
    say(`PostgreSQL  ${postgres.url}`);
  }
  if (!environment.REDIS_URL) {
    const redis = await startRedis({ dir: path.join(LOCAL_HOME, "redis"), durable: true, say });
    releaser.add("private redis", () => redis.stop());
    environment.REDIS_URL = redis.url;
    say(`Redis       ${redis.url}`);
  }
  // A database of somebody else's has other processes beside us; they can't know secrets that only we have.
  if (!given.DATABASE_URL && given.NODE_ENV !== "production") {
    Object.assign(environment, { ...localSecrets(LOCAL_HOME), ...environment });
    releaser.add("shared environment", shareEnvironment(environment));
  }
  if (demo) {
    environment.FASTPASS_OPERATOR_EMAIL = DEMO_OPERATOR.email;
    environment.FASTPASS_OPERATOR_PASSWORD = DEMO_OPERATOR.password;
  }
  return { environment, demo };
}

async function run(platform: Platform, demo: boolean): Promise<void> {
  await migrate(platform.config.databaseUrl);
  await serveMetrics(platform);
  const rooms = createRooms(platform);
  startWorkers(platform, rooms);
  const { port } = await startGateway(platform, rooms);
  const address = `http://localhost:${port}`;
  if (demo) {
    const made = await makeDemoEvent(`http://127.0.0.1:${port}`);
    if (made) say(`Made the event "${made.title}" with queue ${made.queueId}`);
    say(`Operator    ${DEMO_OPERATOR.email}  ${DEMO_OPERATOR.password}`);
    say(`Fan         ${DEMO_FAN.email}  ${DEMO_FAN.password}`);
  }
  if (!platform.config.limits)
    say("LIMITS ARE OFF (FASTPASS_LIMITS=off): for load tests only, never for an on-sale.");
  say(`API         ${address}/api/v1   documented at ${address}/docs`);
  say(`Fast Pass is ready at ${address}`);
}

refuseArguments("npm start");
try {
  const { environment, demo } = await completeEnvironment(process.env);
  await runProcess("fastpass", (platform) => run(platform, demo), environment, releaser);
} catch (fault) {
  await releaser.release().catch(() => undefined);
  console.error(fault instanceof SetupError ? fault.message : sentenceOf(fault));
  process.exit(1);
}
