/**
 * The checker: do the promises of the queue hold in what really happened?
 *
 * It knows the journal and what clients saw, nothing else, and none of the scripts: rows are streamed once through a
 * replay of the tickets' states, and each promise is checked on that by its own small rule. O(n log n) in rows and
 * observations.
 */
import type { Queryable } from "../platform/postgres.ts";
import { createChainCheck } from "./checker/chain.ts";
import { createClockCheck } from "./checker/clocks.ts";
import { createDepartures } from "./checker/departures.ts";
import { createDrawCheck } from "./checker/draw.ts";
import { createHistory, type History, type Report, type Row, type Violation } from "./checker/history.ts";
import { createOrderCheck } from "./checker/order.ts";
import { createPaceCheck } from "./checker/pace.ts";
import { checkPlaces, type ObservedPlace } from "./checker/places.ts";
import { readJournal } from "./journal.ts";
import { readQueue } from "./queue-store.ts";

export type { Violation } from "./checker/history.ts";
export type { ObservedPlace } from "./checker/places.ts";

/** A pass that was handed to a client. */
export interface ObservedPass {
  readonly kind: "pass";
  readonly ticketId: string;
  readonly fence: number;
}

export type Observation = ObservedPlace | ObservedPass;

/** One fault usually breaks thousands of rows; the first ones tell it. */
const MOST_VIOLATIONS = 100;

/**
 * Checks Q1 to Q4, the draw and the hash chain of one queue, up to what was committed when it began.
 * @param observations what clients were shown, in any order.
 * @returns at most 100 violations, first those of the journal in its order; none when all promises were kept.
 */
export async function checkJournal(
  db: Queryable,
  queueId: string,
  observations: Iterable<Observation> = [],
): Promise<Violation[]> {
  const violations: Violation[] = [];
  const report: Report = (rule, row, ticketId, detail) => {
    if (violations.length < MOST_VIOLATIONS)
      violations.push({ rule, number: row?.number ?? null, ticketId, detail });
  };
  const history = createHistory(report);
  const checkOrder = createOrderCheck(history, report);
  const checkClocks = createClockCheck(history, report);
  const draw = createDrawCheck(history, report);
  const pace = createPaceCheck(history, report);
  const departures = createDepartures();
  const chain = createChainCheck();
  const queue = await readQueue(db, queueId);
  if (!queue) return violations;
  let isWhole = true;
  let before: Row | null = null;
  for await (const row of readJournal(db, queueId)) {
    if (row.number > queue.journalLength) break;
    const fault = isWhole ? chain.next(row) : null;
    if (fault) {
      isWhole = false;
      report("chain", row, row.ticketId, fault.detail);
    }
    inOrder(before, row, report);
    before = row;
    departures.advance(row);
    draw.row(row);
    const step = history.apply(row);
    if (row.kind === "configure") pace.configured();
    if (!step) continue;
    departures.step(step);
    checkOrder(step);
    pace.step(step);
    draw.step(step);
    checkClocks(step);
  }
  departures.finish(queue.tick, queue.tickMicros);
  if (isWhole && !chain.head.equals(queue.journalHead))
    report(
      "chain",
      before,
      null,
      `the journal ends at ${chain.length}, ${queue.journalLength} were committed`,
    );
  const seen = [...observations];
  checkPasses(seen, history, report);
  checkPlaces(
    seen.filter((each): each is ObservedPlace => each.kind === "place"),
    departures,
    report,
  );
  return violations;
}

/** Nothing is written out of its time. */
function inOrder(before: Row | null, row: Row, report: Report): void {
  const wrong = (detail: string) => report("order of entries", row, row.ticketId, detail);
  if (!before) {
    if (row.kind !== "configure") wrong("the journal does not begin with what was set");
    return;
  }
  if (row.atMicros < before.atMicros) wrong("its time is before that of the entry before it");
  if (row.tick < before.tick) wrong("its tick is before that of the entry before it");
  if (row.epoch < before.epoch) wrong("its epoch is before that of the entry before it");
}

/** A pass says that its ticket was admitted under this fence. Its claim may be lost with Redis, the admission not. */
function checkPasses(seen: readonly Observation[], { tickets }: History, report: Report): void {
  for (const observation of seen) {
    if (observation.kind !== "pass") continue;
    const { ticketId, fence } = observation;
    const ticket = tickets.get(ticketId);
    if (ticket?.fence !== fence)
      report("Q1", null, ticketId, `has a pass of fence ${fence}, and no such admission was journalled`);
  }
}
