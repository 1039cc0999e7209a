/** The baseline of most rows: a bare Express POST with `express.json()` and one `INCR`. */
import type { BenchContext } from "../frame/bench.ts";
import type { Child } from "../frame/child.ts";
import { encodeRequests, type Requests } from "../load/requests.ts";

export interface Counter {
  readonly child: Child;
  readonly port: number;
  readonly plan: { readonly port: number; readonly requests: Requests; readonly repeat: true };
}

export async function openCounter(context: BenchContext, redisUrl: string, native = false): Promise<Counter> {
  const child = await context.start("bare-express");
  const port = await child.ask<number>("start", { redisUrl, native });
  const requests = encodeRequests([{ method: "POST", path: "/count", body: {} }]);
  return { child, port, plan: { port, requests, repeat: true } };
}
