/** Which errors a route can answer, and how the OpenAPI document shows them. */
import { ERRORS, type ErrorCode } from "../errors.ts";
import { BODY_LIMIT_BYTES, takesBody } from "./mount.ts";
import type { Route } from "./route.ts";

const OF_TOKENS: readonly ErrorCode[] = [
  "UNAUTHENTICATED",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "TOKEN_REVOKED",
];
const OF_STORES: readonly ErrorCode[] = ["DATABASE_UNAVAILABLE", "QUEUE_UNAVAILABLE"];

/**
 * A route's own codes and those that are answered before or around its handler.
 * @param reachesStores whether the handler asks PostgreSQL or Redis.
 */
export function errorsOf(route: Route, reachesStores: boolean): ErrorCode[] {
  const codes = new Set<ErrorCode>(route.errors);
  const add = (...more: readonly ErrorCode[]) => {
    for (const code of more) codes.add(code);
  };
  add("VALIDATION_FAILED", "INTERNAL"); // unknown query parameters, malformed URLs
  if (route.access !== "public") add(...OF_TOKENS);
  if (route.access === "operator" || route.access === "gate") add("FORBIDDEN");
  if (route.params) add("NOT_FOUND");
  if (takesBody(route)) add("BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE");
  if (takesBody(route) && !route.rawBody) add("MALFORMED_JSON");
  if (route.limit) add("RATE_LIMITED");
  if (reachesStores) add(...OF_STORES);
  return [...codes].sort((a, b) => ERRORS[a].status - ERRORS[b].status);
}

/** One response for each status, with the codes it may carry. */
export function problemResponses(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, its]) => [status, problemResponse(status, its)]));
}

function problemResponse(status: number, codes: readonly ErrorCode[]): object {
  const lines = codes.map((code) => `- [\`${code}\`](/docs/errors#${code}): ${ERRORS[code].title}`);
  return {
    description: lines.join("\n"),
    headers: {
      ...reference("headers", "X-Request-Id"),
      ...(status === 401 ? reference("headers", "WWW-Authenticate") : {}),
      ...(status === 429 || status === 503 ? reference("headers", "Retry-After") : {}),
      ...(status === 429
        ? { ...reference("headers", "RateLimit"), ...reference("headers", "RateLimit-Policy") }
        : {}),
    },
    content: {
      "application/problem+json": {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            { properties: { status: { const: status }, code: { enum: codes } } },
          ],
        },
        examples: Object.assign({}, ...codes.map((code) => reference("examples", code))),
      },
    },
  };
}

/** `{name: {$ref}}` to a component of that name. */
export function reference(kind: "headers" | "examples" | "schemas", name: string): Record<string, object> {
  return { [name]: { $ref: `#/components/${kind}/${name}` } };
}

const text = { type: "string", minLength: 1 };

export const PROBLEM_SCHEMA = {
  type: "object",
  description:
    "RFC 9457. `code` is stable and for programs; `retryable` says whether the same request may succeed later without being changed. Some codes bring members of their own, such as `seats`.",
  required: ["type", "title", "status", "detail", "instance", "code", "retryable", "requestId"],
  properties: {
    type: { type: "string", format: "uri-reference", description: "Where the code is explained" },
    title: text,
    status: { type: "integer", minimum: 400, maximum: 599 },
    detail: { ...text, description: "What went wrong this time" },
    instance: { type: "string", format: "uri-reference", description: "The path asked for" },
    code: { type: "string", enum: Object.keys(ERRORS) },
    retryable: { type: "boolean" },
    requestId: { ...text, description: "Also in `X-Request-Id`; name it when you ask for help" },
    errors: {
      type: "array",
      description: "With `VALIDATION_FAILED`: each field that is wrong",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: {
          path: {
            type: "string",
            description: "Dotted: `queue.ratePerMinute`; empty: the request as a whole",
          },
          message: text,
        },
        additionalProperties: false,
      },
    },
  },
};

/** One example a code, for the document's components. */
export function problemExamples(): Record<string, object> {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  return Object.fromEntries(
    codes.map((code) => [code, { summary: ERRORS[code].title, value: exampleOf(code) }]),
  );
}

function exampleOf(code: ErrorCode): object {
  const { status, title, retryable } = ERRORS[code];
  return {
    type: `/docs/errors#${code}`,
    title,
    status,
    detail: title,
    instance: "/api/v1/…",
    code,
    retryable,
    requestId: "0198c0de-0000-7000-8000-000000000000",
    ...(code === "VALIDATION_FAILED" ? { errors: [{ path: "field", message: "field is required" }] } : {}),
  };
}

/** The headers that many answers share. */
export const HEADERS = {
  "X-Request-Id": {
    description:
      "Names this request in our logs; yours, when you sent one of 1 to 128 letters, digits, `.`, `_`, `-`.",
    required: true,
    schema: { type: "string" },
  },
  "Retry-After": {
    description: "Whole seconds to wait.",
    required: true,
    schema: { type: "integer", minimum: 1 },
  },
  "WWW-Authenticate": { description: "`Bearer`", schema: { type: "string" } },
  RateLimit: {
    description:
      'What is left of the limit (`r`) and the seconds until it is whole again (`t`): `"login";r=59;t=60`.',
    schema: { type: "string" },
  },
  "RateLimit-Policy": {
    description: 'The limit: `q` requests in `w` seconds: `"login";q=60;w=60`.',
    schema: { type: "string" },
  },
} as const;

export const BODY_RULES = `Bodies are \`application/json\` of at most ${BODY_LIMIT_BYTES / 1024} KiB, uncompressed; unknown fields are refused.`;
