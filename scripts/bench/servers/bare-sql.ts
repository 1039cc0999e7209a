/**
 * Baseline: Express and pg, and in them the very transaction of a hold: the same statements, prepared, in the same
 * order, with the same bounds. No pass, no slot, no lock, no job, nobody told.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import express from "express";
import pg from "pg";
import { v7 } from "uuid";
import { answerQuestions } from "../frame/child.ts";
import { processorMs } from "./usage.ts";

const SQL = path.resolve(import.meta.dirname, "../../../src/reservations/sql");
const HOLD_SECONDS = 3_600;
const AMOUNT = 1_000;
const SEATS_A_FAN = 100;

interface Prepared {
  readonly name: string;
  readonly text: string;
  readonly parameters: readonly string[];
}

/** `:name` becomes `$n`; `::type` stays. */
function prepare(name: string, source: string): Prepared {
  const parameters: string[] = [];
  const text = source.replace(/--.*$/gm, "").replace(/(?<!:):(\w+)/g, (_, parameter: string) => {
    if (!parameters.includes(parameter)) parameters.push(parameter);
    return `$${parameters.indexOf(parameter) + 1}`;
  });
  return { name, text, parameters };
}

const fromFile = (name: string) => prepare(name, readFileSync(path.join(SQL, `${name}.sql`), "utf8"));

const LOCK_FANS = prepare(
  "lock-fans",
  "SELECT id FROM users WHERE id = ANY (:userIds::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
);
const TAKE_GROUP = fromFile("take-group");

interface Hold {
  readonly performanceId: string;
  readonly userId: string;
  readonly ticketId: string;
  readonly ordinal: number;
}

async function hold(pool: pg.Pool, { performanceId, userId, ticketId, ordinal }: Hold): Promise<string> {
  const client = await pool.connect();
  const run = async ({ name, text, parameters }: Prepared, values: Record<string, unknown>) =>
    (await client.query({ name, text, values: parameters.map((parameter) => values[parameter]) })).rows[0];
  try {
    const id = v7();
    const userIds = [userId];
    await client.query("BEGIN");
    await run(LOCK_FANS, { userIds });
    const { made, taken } = await run(TAKE_GROUP, {
      performanceId,
      ids: [id],
      userIds,
      ticketIds: [ticketId],
      caps: [SEATS_A_FAN],
      holdSeconds: [HOLD_SECONDS],
      currencies: ["KRW"],
      routes: [null],
      keys: [null],
      holdIds: [id],
      ordinals: [ordinal],
      amounts: [AMOUNT],
      hours: 24,
      payingSeconds: 360,
    });
    if (!made || taken !== 1) throw new Error("the seat is gone");
    await client.query("COMMIT");
    return id;
  } catch (fault) {
    await client.query("ROLLBACK");
    throw fault;
  } finally {
    client.release();
  }
}

answerQuestions({
  async start({ databaseUrl, poolSize }: { databaseUrl: string; poolSize: number }): Promise<number> {
    const pool = new pg.Pool({
      connectionString: databaseUrl,
      max: poolSize,
      lock_timeout: 2_000,
      idle_in_transaction_session_timeout: 5_000,
      options: "-c plan_cache_mode=force_generic_plan",
    });
    const app = express();
    app.post("/holds", express.json(), async (request, response) => {
      response.status(201).json({ id: await hold(pool, request.body as Hold) });
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4_096, resolve));
    return (server.address() as AddressInfo).port;
  },
  "processor ms": processorMs,
});
