/** A line of fans who have joined, and what they can do then. */

import type { BenchContext } from "../frame/bench.ts";
import { refuseOthers } from "../frame/http-row.ts";
import type { LoadResult } from "../load/http.ts";
import { encodeRequests, type RequestPlan } from "../load/requests.ts";
import type { Gateway } from "./index.ts";

/** Sends each request once and waits for all answers. @throws Error when one is not as expected. */
export async function sendAll(
  { load }: BenchContext,
  { port }: Gateway,
  plans: readonly RequestPlan[],
  expected: number,
): Promise<void> {
  const requests = encodeRequests(plans);
  const plan = { port, connections: 32, seconds: 120, requests, repeat: false };
  refuseOthers(await load.ask<LoadResult>("stream", plan), expected);
}
