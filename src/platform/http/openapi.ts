/**
 * The OpenAPI 3.1 document, made from the routes that answer the requests.
 *
 * Nothing is written twice: forms come from the joi schemas that check them, refusals from the catalogue, and
 * what the guards add to a route (401, 403, 413, 429 …) from the same fields that make `mountRoutes` add it.
 * Paths are written out with their base path, because some routes, such as the health checks, stand outside it.
 */
import type { Schema } from "joi";
import { toJsonSchema } from "./json-schema.ts";
import {
  BODY_RULES,
  errorsOf,
  HEADERS,
  PROBLEM_SCHEMA,
  problemExamples,
  problemResponses,
  reference,
} from "./openapi-errors.ts";
import { type StreamDoc, streamsExtension, streamsText } from "./openapi-streams.ts";
import type { ResponseDoc, Route } from "./route.ts";

export type { StreamDoc } from "./openapi-streams.ts";

export interface RouteGroup {
  /** Comes before the paths of its routes: `/api/v1`, or empty. */
  readonly basePath: string;
  readonly routes: readonly Route[];
  /** False for routes that answer without PostgreSQL and Redis; they have no 503 of theirs. */
  readonly reachesStores?: boolean;
}

export interface OpenApiOptions {
  readonly version: string;
  readonly groups: readonly RouteGroup[];
  readonly streams?: readonly StreamDoc[];
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: Readonly<Record<string, object>>;
  readonly [member: string]: unknown;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
  readonly [member: string]: unknown;
}

export interface OpenApiResponse {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
  readonly [member: string]: unknown;
}

const INTRODUCTION = `An orderly line for a surge of fans, and no seat sold twice.

Times are RFC 3339, UTC, with milliseconds; durations are whole seconds; money is an integer in the currency's minor unit. ${BODY_RULES} Errors are [RFC 9457 problems](/docs/errors). A known path answers other methods with 405 and \`Allow\`, an unknown path with 404.`;

/** @throws Error when routes contradict each other: one operationId twice, or one path with two sets of names. */
export function createOpenApiDocument({ version, groups, streams = [] }: OpenApiOptions): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  const operationIds = new Set<string>();
  for (const { basePath, routes, reachesStores = true } of groups) {
    for (const route of routes) {
      if (operationIds.has(route.operationId)) throw new Error(`two routes are called ${route.operationId}`);
      operationIds.add(route.operationId);
      const path = templateOf(`${basePath}${route.path}`, Object.keys(paths));
      paths[path] = { ...paths[path], [route.method]: toOperation(route, reachesStores) };
    }
  }
  const tags = new Set(groups.flatMap(({ routes }) => routes.map(({ tag }) => tag)));
  return {
    openapi: "3.1.0",
    info: {
      title: "Fast Pass",
      version,
      description: streams.length > 0 ? `${INTRODUCTION}\n\n${streamsText(streams)}` : INTRODUCTION,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: PROBLEM_SCHEMA },
      headers: HEADERS,
      examples: problemExamples(),
      securitySchemes: SECURITY_SCHEMES,
    },
    ...(streams.length > 0 ? { "x-websockets": streamsExtension(streams) } : {}),
  };
}

/** Express's `:id` as `{id}`. Paths that differ only in those names are one path, which OpenAPI forbids to list twice. */
function templateOf(expressPath: string, known: readonly string[]): string {
  const path = expressPath.replace(/:(\w+)/g, "{$1}");
  const shape = path.replace(/\{\w+\}/g, "{}");
  const twin = known.find((other) => other !== path && other.replace(/\{\w+\}/g, "{}") === shape);
  if (twin) throw new Error(`${path} and ${twin} are one path; name its parameters the same`);
  return path;
}

function toOperation(route: Route, reachesStores: boolean): OpenApiOperation {
  const parameters = toParameters(route);
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...describe(route),
    security: securityOf(route),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body || route.rawBody ? { requestBody: toRequestBody(route) } : {}),
    responses: toResponses(route, reachesStores),
  };
}

function describe({ description, access, limit }: Route): { description?: string } {
  const role = access === "operator" ? "`operator`" : "`gate` or `operator`";
  const parts = [
    description,
    access === "operator" || access === "gate" ? `Needs the role ${role}.` : undefined,
    limit && `At most ${limit.limit} requests in ${limit.windowSeconds} s for each ${limit.by}.`,
  ].filter(Boolean);
  return parts.length > 0 ? { description: parts.join("\n\n") } : {};
}

function toParameters(route: Route): object[] {
  const inPath = fieldsOf(route.params);
  const named = [...route.path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  for (const name of named) {
    if (!inPath.has(name)) throw new Error(`${route.operationId} has no schema for its parameter ${name}`);
  }
  const parameter =
    (place: string) =>
    ([name, { schema, required }]: [string, Field]) => {
      const { description, ...rest } = toJsonSchema(schema);
      return {
        name,
        in: place,
        required: required || place === "path",
        ...(description ? { description } : {}),
        schema: rest,
      };
    };
  const headers = [...fieldsOf(route.requestHeaders)]
    .filter(([name]) => !SENT_AS_CREDENTIAL.has(name.toLowerCase()))
    .map(([name, field]): [string, Field] => [
      name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
      field,
    ]);
  return [
    ...named.map((name) => [name, inPath.get(name)] as [string, Field]).map(parameter("path")),
    ...[...fieldsOf(route.query)].map(parameter("query")),
    ...headers.map(parameter("header")),
  ];
}

interface Field {
  readonly schema: Schema;
  readonly required: boolean;
}

function fieldsOf(schema: Schema | undefined): Map<string, Field> {
  const names = Object.keys((schema?.describe().keys ?? {}) as object);
  return new Map(
    names.map((name) => {
      const field = (schema as Schema & { extract(path: string): Schema }).extract(name);
      const flags = field.describe().flags as { presence?: string } | undefined;
      return [name, { schema: field, required: flags?.presence === "required" }];
    }),
  );
}

function toRequestBody({ body, bodyOptional = false, rawBody = false }: Route): object {
  const type = rawBody && !body ? "application/octet-stream" : "application/json";
  return { required: !bodyOptional, content: { [type]: body ? { schema: toJsonSchema(body) } : {} } };
}

function toResponses(route: Route, reachesStores: boolean): Record<string, OpenApiResponse> {
  const responses: Record<string, OpenApiResponse> = {};
  for (const [status, doc] of Object.entries(route.responses)) responses[status] = toResponse(doc, route);
  for (const [status, problem] of Object.entries(problemResponses(errorsOf(route, reachesStores)))) {
    responses[status] = merge(responses[status], problem as OpenApiResponse);
  }
  return responses;
}

function toResponse(
  { description, schema, contentType = "application/json", headers = {} }: ResponseDoc,
  route: Route,
): OpenApiResponse {
  const own = Object.entries(headers).map(([name, text]) => [
    name,
    { description: text, schema: { type: "string" } },
  ]);
  return {
    description,
    headers: {
      ...reference("headers", "X-Request-Id"),
      ...(route.limit
        ? { ...reference("headers", "RateLimit"), ...reference("headers", "RateLimit-Policy") }
        : {}),
      ...Object.fromEntries(own),
    },
    ...(schema ? { content: { [contentType]: { schema: toJsonSchema(schema) } } } : {}),
  };
}

/** A room may describe the answer of a refusal itself; then both stand under its status. */
function merge(own: OpenApiResponse | undefined, problem: OpenApiResponse): OpenApiResponse {
  if (!own) return problem;
  return {
    ...problem,
    description: `${own.description}\n${problem.description}`,
    content: { ...own.content, ...problem.content },
  };
}

const SENT_AS_CREDENTIAL = new Set(["authorization", "queue-pass", "cookie"]);

const SECURITY_SCHEMES = {
  accessToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "The access token of a login; says who asks. Good for 15 minutes.",
  },
  queuePass: {
    type: "apiKey",
    in: "header",
    name: "Queue-Pass",
    description: "The pass of a claimed admission; good only beside an access token of the same account.",
  },
  refreshCookie: {
    type: "apiKey",
    in: "cookie",
    name: "fastpass_refresh",
    description: "Set at login, HttpOnly and SameSite=Strict; exchanged for a new access token.",
  },
};

/** Which credentials open a route follows from whom it lets in and which refusals it knows. */
function securityOf({ access, errors }: Route): object[] {
  if (access !== "public") {
    const roles = access === "account" ? [] : access === "operator" ? ["operator"] : ["gate", "operator"];
    const pass = errors.includes("PASS_REQUIRED") ? { queuePass: [] } : {};
    return [{ accessToken: roles, ...pass }];
  }
  if (errors.includes("REFRESH_INVALID")) return [{ refreshCookie: [] }];
  // A public route that can still answer "who are you?" takes either.
  return errors.includes("UNAUTHENTICATED") ? [{ accessToken: [] }, { refreshCookie: [] }] : [];
}
