/**
 * `npm run log:verify -- --queue ID [--head H]`: is the admission log of a queue still what was written?
 *
 * H is what `logHead` of the public queue showed at some time, or the hash in it. Exit code 1 when something is wrong,
 * and the first row that was altered, removed or moved is named. It reads only.
 */
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config.ts";
import { openDatabase } from "../src/platform/postgres.ts";
import { openLog } from "../src/queue/index.ts";
import { parseOrExplain, RefusedError, runCli, UsageError } from "./cli.ts";
import { withLocalEnvironment } from "./start/local-environment.ts";

const USAGE = "npm run log:verify -- --queue ID [--head H]";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

await runCli(async () => {
  const { values } = parseOrExplain(USAGE, () =>
    parseArgs({ options: { queue: { type: "string" }, head: { type: "string" } } }),
  );
  const { queue, head = null } = values;
  if (!queue || !UUID.test(queue)) throw new UsageError(`--queue takes the id of a queue. Usage: ${USAGE}`);
  const config = loadConfig({ REDIS_URL: "redis://unused", ...withLocalEnvironment(process.env) });
  const db = openDatabase(config.databaseUrl, 1, "fastpass-log-verify");
  try {
    const report = await openLog(db, config).verify(queue, head);
    if (!report) throw new RefusedError(`There is no queue ${queue}.`);
    for (const fault of report.faults) console.log(`WRONG  ${fault}`);
    const { rows, heads, faults } = report;
    console.log(
      `${faults.length === 0 ? "ok     " : "       "}${rows} rows are right up to ${report.head}, ${heads} signed heads agree`,
    );
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    await db.destroy();
  }
});
