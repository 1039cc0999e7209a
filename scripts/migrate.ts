/** `npm run migrate`: brings the database of DATABASE_URL to the newest schema. */
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config.ts";
import { migrate } from "../src/migrations/index.ts";
import { parseOrExplain, runCli } from "./cli.ts";
import { withLocalEnvironment } from "./start/local-environment.ts";

await runCli(async () => {
  parseOrExplain("npm run migrate", () => parseArgs());
  const { databaseUrl } = loadConfig({ REDIS_URL: "redis://unused", ...withLocalEnvironment(process.env) });
  const applied = await migrate(databaseUrl);
  console.log(applied.length === 0 ? "The schema is up to date." : `Applied ${applied.join(", ")}.`);
});
