/** Where the time of a request goes: the spans that a gateway wrote, summed up by name. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** One line of the file that `FASTPASS_TRACES=file:…` makes. */
export interface SpanLine {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
}

export interface Share {
  readonly name: string;
  /** Spans of this name in a request, on average. */
  readonly times: number;
  /** Milliseconds a request spends in spans of this name and in none below them, on average. */
  readonly ownMs: number;
}

export interface Breakdown {
  readonly requests: number;
  /** Milliseconds of a whole request, on average. */
  readonly totalMs: number;
  readonly shares: readonly Share[];
}

export async function readSpans(file: string): Promise<SpanLine[]> {
  const spans: SpanLine[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) spans.push(JSON.parse(line));
  return spans;
}

/**
 * @param root the name of the requests' own span. What belongs to a request but runs after its answer (jobs, what is
 * told to others) is left out: the fan does not wait for it.
 */
export function breakDown(spans: readonly SpanLine[], root: string): Breakdown {
  const children = new Map<string, SpanLine[]>();
  for (const span of spans) {
    if (!span.parentSpanId) continue;
    const siblings = children.get(span.parentSpanId);
    if (siblings) siblings.push(span);
    else children.set(span.parentSpanId, [span]);
  }
  const requests = spans.filter(({ name }) => name === root);
  const own = new Map<string, { count: number; ms: number }>();
  for (const request of requests) visit(request, request.startMs + request.durationMs);
  const shares = [...own].map(([name, { count, ms }]) => ({
    name,
    times: count / requests.length,
    ownMs: ms / requests.length,
  }));
  return {
    requests: requests.length,
    totalMs: requests.reduce((sum, { durationMs }) => sum + durationMs, 0) / Math.max(1, requests.length),
    shares: shares.sort((a, b) => b.ownMs - a.ownMs),
  };

  function visit(span: SpanLine, until: number): void {
    const below = (children.get(span.spanId) ?? []).filter(({ startMs }) => startMs < until);
    const inBelow = below.reduce((sum, each) => sum + Math.min(each.durationMs, until - each.startMs), 0);
    const known = own.get(span.name) ?? { count: 0, ms: 0 };
    known.count += 1;
    // Spans side by side may cover more than their parent.
    known.ms += Math.max(0, Math.min(span.durationMs, until - span.startMs) - inBelow);
    own.set(span.name, known);
    for (const each of below) visit(each, until);
  }
}

export function toTable({ requests, totalMs, shares }: Breakdown): string[][] {
  const percent = (ms: number) => `${((ms / totalMs) * 100).toFixed(0)} %`;
  const shown = shares.filter(({ ownMs }) => ownMs / totalMs >= 0.005);
  return [
    ["span", "a request", "own ms", "share"],
    ...shown.map(({ name, times, ownMs }) => [name, times.toFixed(2), ownMs.toFixed(2), percent(ownMs)]),
    [`whole request (mean of ${requests.toLocaleString("en")})`, "", totalMs.toFixed(2), "100 %"],
  ];
}
