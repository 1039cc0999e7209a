/** Forms of pages without script: what they carry, and whether it was our own page that sent them. */
import type { IncomingHttpHeaders } from "node:http";
import { Problem } from "../../platform/errors.ts";

/** No form of ours has more. */
const MAX_FIELDS = 10;

/** @throws Problem for a body that is no form. */
export function readForm(headers: IncomingHttpHeaders, body: Buffer): Record<string, string> {
  if (body.length === 0) return {};
  if (!/^application\/x-www-form-urlencoded\b/i.test(headers["content-type"] ?? ""))
    throw new Problem("UNSUPPORTED_MEDIA_TYPE", { detail: "The body must be a form." });
  return Object.fromEntries([...new URLSearchParams(body.toString("utf8"))].slice(0, MAX_FIELDS));
}

/**
 * A cookie comes with whatever a browser sends, also from a stranger's page. Browsers say where a form stood, in one of
 * two headers; what says neither is refused.
 * @param host as the request names it.
 * @throws Problem CROSS_SITE
 */
export function refuseStrangers(headers: IncomingHttpHeaders, host: string | undefined): void {
  const site = headers["sec-fetch-site"];
  const isOurs = site === undefined ? hostOf(headers.origin) === host : site === "same-origin";
  if (!isOurs || host === undefined) throw new Problem("CROSS_SITE");
}

function hostOf(origin: string | undefined): string | null {
  try {
    return new URL(origin ?? "").host;
  } catch {
    return null;
  }
}

/** Where to go after a form: a path of these pages, whatever the form says. */
export function ownPath(path: string | undefined): string {
  return /^\/plain(?:[/?][\w/?=&-]*)?$/.test(path ?? "") ? (path as string) : "/plain";
}
