/**
 * Spans: where the time of a request goes, from its head through locks, SQL and scripts to the job that ends its hold.
 *
 * Off unless configured, and then a span is one comparison: nothing of OpenTelemetry is loaded, nothing is allocated.
 * The switch is one for the whole process, like OpenTelemetry's own, because a span belongs to whatever runs at the
 * moment, not to a part that could be handed in.
 */
import type { ClientBase } from "pg";
import type { Spans } from "./sdk.ts";

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Where spans go. */
export type TracesTarget =
  | { readonly kind: "otlp"; readonly url: string }
  | { readonly kind: "file"; readonly path: string };

export interface RequestSpan {
  /** Runs what belongs to the request. */
  run<T>(work: () => T): T;
  end(name: string, attributes: Attributes, failed: boolean): void;
}

let spans: Spans | null = null;
let users = 0;

/**
 * Turns tracing on for this process, until as many have stopped it as have started it.
 * @param share the part of requests that are traced, 0 to 1.
 */
export async function startTracing(
  target: TracesTarget,
  service: string,
  share: number,
): Promise<{ stop(): Promise<void> }> {
  users += 1;
  if (!spans) {
    const { openSpans } = await import("./sdk.ts");
    spans ??= openSpans(target, service, share);
  }
  return {
    async stop() {
      users -= 1;
      if (users > 0 || !spans) return;
      const ending = spans;
      spans = null;
      await ending.close();
    },
  };
}

/** Runs `work` in a span below the one that runs now. Work that belongs to no request is not traced. */
export function span<T>(name: string, work: () => T): T {
  return spans === null ? work() : spans.within(name, work);
}

/** The span of a whole request; null when tracing is off. */
export function requestSpan(): RequestSpan | null {
  return spans === null ? null : spans.request();
}

/** What a job carries, so that its run belongs to the request that made it. */
export function traceparent(): string | undefined {
  return spans === null ? undefined : spans.traceparent();
}

/** Runs a job's work as a part of the request that made it. */
export function continued<T>(parent: string | undefined, name: string, work: () => Promise<T>): Promise<T> {
  return spans === null || parent === undefined ? work() : spans.continued(parent, name, work);
}

/** Gives each statement of a connection a span; statements carry their name, never their values. */
export function traceQueries(connection: ClientBase): void {
  spans?.traceQueries(connection);
}
