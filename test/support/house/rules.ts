/**
 * The ground rules of the contract, as what is wrong with one answer or one frame.
 *
 * They hold for every answer alike, so the client of the house checks each one in passing: a rule that only its own
 * test looks at is broken where no test looks.
 */
import type { IncomingHttpHeaders } from "node:http";
import { ERRORS } from "../../../src/platform/errors.ts";

export interface Heard {
  readonly method: string;
  /** As asked for, query included. */
  readonly path: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed, when it was JSON. */
  readonly body: unknown;
  /** For people: a refusal is a page too. */
  readonly isPage?: boolean;
}

const PROBLEM = /^application\/problem\+json\b/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CAMEL = /^[a-z][a-zA-Z0-9]*$/;
/** The form of these two is somebody else's standard. */
const FOREIGN = /^\/(?:api\/v1\/)?(?:openapi\.json|\.well-known\/)/;

/** @returns one sentence for each rule that the answer breaks. */
export function faultsOfAnswer(heard: Heard): string[] {
  const { method, path, status, headers, text, body, isPage } = heard;
  const faults: string[] = [];
  const hold = (fine: boolean, rule: string) => void (fine || faults.push(rule));
  hold(/^[A-Za-z0-9._-]{1,128}$/.test(String(headers["x-request-id"] ?? "")), "X-Request-Id is missing");
  hold(!Number.isNaN(Date.parse(headers.date ?? "")), "Date is missing");
  hold(headers["x-powered-by"] === undefined, "X-Powered-By tells what serves it");
  if (status === 204 || status === 304) hold(text === "", "it has a body and must not");
  if (status === 429 || status === 503) hold(isWait(headers["retry-after"]), "Retry-After is missing");
  hold((headers.ratelimit === undefined) === (headers["ratelimit-policy"] === undefined), "half a RateLimit");
  if (isPage) return faults;
  if (status >= 400 && method !== "HEAD") faults.push(...faultsOfProblem(heard));
  else if (body !== undefined && !FOREIGN.test(path)) faults.push(...faultsOfValue(body));
  return faults;
}

function faultsOfProblem({ path, status, headers, text, body }: Heard): string[] {
  if (!PROBLEM.test(headers["content-type"] ?? "")) return [`it is no problem+json: ${text.slice(0, 100)}`];
  const problem = (body ?? {}) as Record<string, unknown>;
  const faults = ["type", "title", "detail", "instance", "code", "requestId"]
    .filter((name) => typeof problem[name] !== "string" || problem[name] === "")
    .map((name) => `the problem has no ${name}`);
  const hold = (fine: boolean, rule: string) => void (fine || faults.push(rule));
  hold(problem.status === status, "its status is another one");
  hold(typeof problem.retryable === "boolean", "the problem does not say whether it is retryable");
  hold(/^[A-Z][A-Z0-9_]*$/.test(String(problem.code)), "its code is not upper snake case");
  const known = ERRORS[problem.code as keyof typeof ERRORS] as { status: number } | undefined;
  hold(known?.status === status, `${problem.code} with ${status} is not in the catalogue`);
  const fields = problem.errors as { path?: unknown; message?: unknown }[] | undefined;
  const isTold = fields?.length && fields.every(({ path, message }) => typeof path === "string" && message);
  hold(problem.code !== "VALIDATION_FAILED" || Boolean(isTold), "the validation does not say what was wrong");
  // A replay repeats the bytes of the first answer, which name the first request.
  const isReplay = headers["idempotent-replayed"] === "true";
  hold(isReplay || problem.requestId === headers["x-request-id"], "its requestId is not the header's");
  hold(problem.instance === path.split("?", 1)[0], "its instance is not the path asked for");
  hold(!/\bat .+:\d+:\d+|node_modules|\.ts\b/.test(text), `it shows our inside: ${text}`);
  return [...faults, ...faultsOfValue(problem, "body", new Set(["requestId"]))];
}

/** Names, times, ids, durations and money, all the way down. */
export function faultsOfValue(value: unknown, at = "body", free: ReadonlySet<string> = new Set()): string[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => faultsOfValue(item, `${at}.${index}`, free));
  if (typeof value === "string") {
    const looksLikeTime = /^\d{4}-\d\d-\d\dT/.test(value);
    return looksLikeTime && !TIME.test(value) ? [`${at} is a time without milliseconds or not UTC`] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const place = `${at}.${name}`;
    const its = free.has(name) ? [] : faultsOfMember(name, item).map((fault) => `${place} ${fault}`);
    return [...its, ...faultsOfValue(item, place, free)];
  });
}

function faultsOfMember(name: string, value: unknown): string[] {
  const faults: string[] = [];
  if (!CAMEL.test(name)) faults.push("is not in camelCase");
  const isId = name === "id" || name.endsWith("Id");
  if (isId && typeof value === "string" && !UUID_V7.test(value)) faults.push(`is no UUIDv7: ${value}`);
  const isWhole = name.endsWith("Seconds") || /^(total)?[aA]mount$/.test(name) || name === "ordinal";
  if (isWhole && value !== null && !Number.isInteger(value)) faults.push("is not a whole number");
  const isTime = /(At|By|Until|asOf)$/.test(name) && name !== "limitedBy";
  if (isTime && value !== null && !TIME.test(String(value))) faults.push("is no time");
  if (name === "currency" && !/^[A-Z]{3}$/.test(String(value))) faults.push("is no ISO 4217 code");
  return faults;
}

function isWait(header: string | undefined): boolean {
  return /^[1-9]\d*$/.test(header ?? "");
}
