/**
 * Q3: at each admission, inside within `maxActive`, and admissions within the rate: over the 60 s before it no more
 * than the rate, over the second before it no more than the burst, tokens given back in the same time aside. A
 * change of rate starts anew.
 */
import { mostPerMinute } from "../settings.ts";
import type { History, Report, Row, Step } from "./history.ts";

const MINUTE = 60_000_000;
const SECOND = 1_000_000;

/** Counts how many times lie within a span before now; times come in order. */
function createWindow(span: number) {
  const times: number[] = [];
  let from = 0;
  return {
    add: (at: number) => void times.push(at),
    clear() {
      times.length = 0;
      from = 0;
    },
    count(now: number): number {
      while (from < times.length && (times[from] as number) < now - span) from += 1;
      if (from > 10_000) {
        times.splice(0, from);
        from = 0;
      }
      return times.length - from;
    },
  };
}

export function createPaceCheck(history: History, report: Report) {
  const spans = [MINUTE, SECOND].map((span) => ({
    span,
    admitted: createWindow(span),
    given: createWindow(span),
  }));
  let rate: number | null = null;

  function admitted({ row, ticket }: Step): void {
    const { controls, counts } = history;
    if (!controls || rate === null) return;
    const { maxActive } = controls.settings;
    const inside = counts.A + counts.I;
    if (inside > maxActive)
      report("Q3", row, ticket.ticketId, `${inside} are inside, ${maxActive} are allowed`);
    for (const { span, admitted: times, given } of spans) {
      times.add(row.atMicros);
      const limit = span === MINUTE ? rate : 1 + Math.ceil((2.5 * rate) / 60);
      const some = times.count(row.atMicros);
      const back = given.count(row.atMicros);
      if (some - back <= limit) continue;
      const detail = `${some} admissions within ${span / SECOND} s, ${limit} and ${back} given back are allowed`;
      report("Q3", row, ticket.ticketId, detail);
    }
  }

  return {
    configured(): void {
      const settings = history.controls?.settings;
      const next = settings ? mostPerMinute(settings) : null;
      if (next === rate) return;
      rate = next;
      for (const { admitted: times, given } of spans) {
        times.clear();
        given.clear();
      }
    },
    step(step: Step): void {
      if (step.row.kind === "admit") admitted(step);
      else if (step.from === "A" && givesBack(step.row)) {
        for (const { given } of spans) given.add(step.row.atMicros);
      }
    },
  };
}

function givesBack({ kind }: Row): boolean {
  return kind === "expire" || kind === "defer" || kind === "leave" || kind === "remove";
}
