/**
 * `npm run invariants`: asks the database of DATABASE_URL whether seats, money and history agree, in one snapshot.
 *
 * One line a rule, and below it what breaks it; exit code 1 when something does. It reads only, so it may be run at
 * any time against a database at work.
 */
import { parseArgs } from "node:util";
import { loadConfig } from "../src/config.ts";
import { openDatabase } from "../src/platform/postgres.ts";
import { INVARIANTS, runInvariants, type Violation } from "../src/reservations/index.ts";
import { parseOrExplain, runCli } from "./cli.ts";
import { withLocalEnvironment } from "./start/local-environment.ts";

/** How long a hold may lie past its deadline: the sweeper comes each second, and has batches to work off. */
const GRACE_SECONDS = 10;
/** Of one rule; the rest is counted. */
const SHOWN = 20;

await runCli(async () => {
  parseOrExplain("npm run invariants", () => parseArgs());
  const { databaseUrl } = loadConfig({ REDIS_URL: "redis://unused", ...withLocalEnvironment(process.env) });
  const db = openDatabase(databaseUrl, 1, "fastpass-invariants");
  try {
    const violations = await runInvariants(db, { graceSeconds: GRACE_SECONDS });
    for (const rule of INVARIANTS) {
      const broken = violations.filter(({ invariant }) => invariant === rule);
      console.log(`${broken.length === 0 ? "ok    " : "BROKEN"} ${rule}`);
      for (const line of listed(broken)) console.log(`       ${line}`);
    }
    if (violations.length > 0) process.exitCode = 1;
  } finally {
    await db.destroy();
  }
});

function listed(broken: readonly Violation[]): string[] {
  const lines = broken.slice(0, SHOWN).map(({ subject, detail }) => `${subject}: ${detail}`);
  return broken.length > SHOWN ? [...lines, `and ${broken.length - SHOWN} more`] : lines;
}
