/** A row whose measure is requests a second. */
import type { LoadResult } from "../load/http.ts";
import type { Requests } from "../load/requests.ts";
import type { BenchContext, Goal, Row } from "./bench.ts";
import type { Child } from "./child.ts";
import { alternate, median } from "./rounds.ts";

export interface StreamSide {
  /** Asked how busy it was. */
  readonly server: Child;
  /** Any other answer ends the benchmark: a server that refuses is fast. */
  readonly expected: number;
  plan(): Promise<{ readonly port: number; readonly requests: Requests; readonly repeat: boolean }>;
}

export interface StreamRow {
  readonly id: string;
  readonly what: string;
  readonly goal: Goal | null;
  readonly ours: StreamSide;
  readonly baseline: StreamSide;
  readonly connections?: number;
  readonly notes?: readonly string[];
}

export const CONNECTIONS = 64;
/** Above this part of what the load generator can do at all, it is the load generator that was measured. */
const NEAR_CEILING = 0.7;

/** Alternates both sides. The notes tell what a request cost each server, which a busy machine disturbs least. */
export async function measureStreams(context: BenchContext, row: StreamRow): Promise<Row> {
  const { connections = CONNECTIONS } = row;
  const costs = { ours: [] as number[], baseline: [] as number[] };
  const side = (name: "ours" | "baseline") => async () => {
    const { perSecond, microsEach } = await runSide(context, row[name], connections);
    costs[name].push(microsEach);
    return perSecond;
  };
  const measured = await alternate(context.rounds, { ours: side("ours"), baseline: side("baseline") });
  const [ours, baseline] = [median(costs.ours), median(costs.baseline)].map(Math.round);
  const notes = [
    ...(row.notes ?? []),
    `processor time of the server a request: ours ${ours} µs, baseline ${baseline} µs`,
  ];
  if (Math.max(...measured.ours, ...measured.baseline) > NEAR_CEILING * context.ceiling)
    notes.push(`the load generator was the bottleneck (its ceiling is ${Math.round(context.ceiling)}/s)`);
  return { id: row.id, what: row.what, unit: "req/s", ...measured, goal: row.goal, notes };
}

export async function runSide(context: BenchContext, side: StreamSide, connections: number) {
  const plan = await side.plan();
  const before = await side.server.ask<number>("processor ms");
  const result = await context.load.ask<LoadResult>("stream", {
    ...plan,
    connections,
    seconds: context.seconds,
  });
  const used = (await side.server.ask<number>("processor ms")) - before;
  refuseOthers(result, side.expected);
  return { perSecond: result.perSecond, microsEach: (used * 1_000) / (result.perSecond * result.seconds) };
}

/** @throws Error when any answer was not the expected one. */
export function refuseOthers({ statuses }: LoadResult, expected: number): void {
  const others = Object.entries(statuses).filter(([status]) => Number(status) !== expected);
  if (others.length > 0)
    throw new Error(
      `answers other than ${expected}: ${others.map(([status, n]) => `${n} × ${status}`).join(", ")}`,
    );
}
