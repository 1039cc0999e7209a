/** Ends the worker on which a queue depends right now, in the middle of it, as a crash would. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../src/platform/postgres.ts";
import { type Check, check } from "../demo/checks/check.ts";
import type { Member, OwnHouse } from "../house.ts";
import type { Say } from "../local/setup-error.ts";

const LOOK_EVERY_MS = 200;
const PATIENCE_MS = 120_000;

/** @param fans how many will be admitted in all; the worker goes when a third of them are. */
export async function killJournaller(
  house: OwnHouse,
  db: Database,
  queueId: string,
  fans: number,
  say: Say,
): Promise<Check> {
  const name = "a worker was killed while the line moved";
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    await sleep(LOOK_EVERY_MS);
    const admitted = await admissions(db, queueId);
    if (admitted < fans / 3) continue;
    const worker = await busiest(house.workers);
    await house.crash(worker);
    say(
      `${worker.name}, which journalled, was killed after ${admitted} admissions; another one was started.`,
    );
    return check(name, admitted < fans ? [] : ["everybody was in already"]);
  }
  return check(name, ["the line did not move"]);
}

async function admissions(db: Database, queueId: string): Promise<number> {
  const { rows } = await db.raw(
    "SELECT count(*)::int AS count FROM queue_journal WHERE queue_id = ? AND kind = 'admit'",
    [queueId],
  );
  return rows[0].count;
}

/** Admissions are counted where they are committed. */
async function busiest(workers: readonly Member[]): Promise<Member> {
  const counted = await Promise.all(
    workers.map(async (worker) => {
      // One that does not answer yet has admitted nobody.
      const text = await fetch(worker.metrics).then(
        (answer) => answer.text(),
        () => "",
      );
      return { worker, count: Number(/^fastpass_queue_admitted_total (\d+)/m.exec(text)?.[1] ?? 0) };
    }),
  );
  const [first] = counted.sort((a, b) => b.count - a.count);
  if (!first) throw new Error("there are no workers");
  return first.worker;
}
