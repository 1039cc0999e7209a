/** A gateway's memory of a queue in which every fan waits, made without any store. */
import { randomUUID } from "node:crypto";
import { createLocalLine, type LocalFan, type LocalLine } from "../../../src/queue/local-line.ts";
import type { QueueRow } from "../../../src/queue/queue-store.ts";
import { newSettings } from "../../../src/queue/settings.ts";
import { positionFrame } from "../../../src/queue/ticket-view.ts";
import type { RawView } from "../../../src/queue/view.ts";

const MICROS = Date.now() * 1_000;
const TICK_MICROS = 250_000;
const FIRST_TICK = 1;

export interface LineOfFans {
  readonly line: LocalLine;
  /** In the order of the line. */
  readonly fans: readonly LocalFan[];
  /** What the last of them is told of the place. */
  readonly sample: string;
  /** The message of the next tick, in which the first `departures` of the whole line leave. */
  nextTick(departures: number): string;
}

/** @param depth how many wait before the first of them, on other gateways. */
export function lineOfFans(count: number, depth: number): LineOfFans {
  const line = createLocalLine(queueRow());
  const fans = Array.from({ length: count }, (_, index) =>
    line.observe(randomUUID(), {
      ticketId: randomUUID(),
      sequence: depth + index + 1,
      state: "W",
      lane: 0,
      epoch: 1,
      rank: depth + index,
      waiting: depth + count,
      tick: FIRST_TICK,
      tickAt: MICROS,
      tickStamp: MICROS,
      arriveBy: 0,
      passEnds: 0,
      graceEnds: 0,
      fence: 0,
      phase: "open",
      available: 1_000,
      held: 100,
      number: 0,
    } as RawView),
  );
  let tick = FIRST_TICK;
  let left = 0;

  function nextTick(departures: number): string {
    tick += 1;
    const gone = Array.from({ length: departures }, (_, index) => (index === 0 ? left + 1 : 1));
    left += departures;
    const at = MICROS + (tick - FIRST_TICK) * TICK_MICROS;
    const waiting = depth + count - left;
    const summary = {
      tick,
      at,
      phase: "open",
      limitedBy: "rate",
      waiting,
      deferred: 0,
      active: 100,
      available: 1_000,
    };
    const changes: unknown[] = [];
    return JSON.stringify({
      epoch: 1,
      number: tick,
      after: tick - 1,
      ticks: [{ ...summary, held: 100, gone: [[0, gone]] }],
      changes,
    });
  }

  // Six seconds of movement, from which on there is an estimate to tell.
  for (let count = 0; count < 25; count += 1) line.apply(JSON.parse(nextTick(10)));
  return { line, fans, sample: positionFrame(line, fans.at(-1) as LocalFan), nextTick };
}

function queueRow(): QueueRow {
  const made = newSettings({
    opensAt: new Date(Date.now() - 60_000).toISOString(),
    ratePerMinute: 2_400,
    maxActive: 1_000,
    arrivalSeconds: 60,
    sessionSeconds: 600,
    graceSeconds: 120,
  });
  if (!made.ok) throw new Error("the settings are wrong");
  return {
    id: randomUUID(),
    performanceId: randomUUID(),
    createdAt: new Date(),
    settings: made.settings,
    version: 1,
    changedBy: "bench",
    paused: false,
    closed: false,
    ended: false,
    notice: null,
    lanes: [],
    epoch: 1,
    tick: FIRST_TICK,
    tickMicros: MICROS,
    journalLength: FIRST_TICK,
    journalHead: Buffer.alloc(32),
  };
}
