/** Answers that are too long to be built before they are sent. */
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "express";

/** A reader that takes nothing for this long is gone, or wants to keep us busy. */
const STALLED_MS = 30_000;

/**
 * Sends a stream no faster than it is read. If it fails halfway the connection is cut: the reader must not take half
 * an answer for all of it.
 */
export function sendStream(response: Response, body: Readable): void {
  if (response.req.method === "HEAD") {
    body.destroy();
    response.end();
    return;
  }
  response.setTimeout(STALLED_MS, () => response.destroy());
  // Either side may fail; pipeline has closed both by then.
  pipeline(body, response).catch(() => undefined);
}
