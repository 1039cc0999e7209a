/** Started as a process of its own by the tests: it keeps two servers until it is killed. */
import path from "node:path";
import { startPostgres } from "../../../scripts/local/postgres.ts";
import { startRedis } from "../../../scripts/local/redis.ts";

const [dir] = process.argv.slice(2) as [string];
const redis = await startRedis({ dir: path.join(dir, "redis"), durable: true });
const postgres = await startPostgres({ dir: path.join(dir, "postgres"), durable: false });
process.stdout.write(`${JSON.stringify({ redis: redis.pid, postgres: postgres.pid })}\n`);
setInterval(() => undefined, 1_000);
