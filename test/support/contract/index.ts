/**
 * Holds what a server answers against its OpenAPI document.
 *
 * Any test that talks to the API can check each exchange in passing; what was never seen can be asked for at the
 * end, so that the document has no answers which nothing gives.
 */
import { AssertionError } from "chai";
import { faultsOf, type Schema } from "./json-schema.ts";

export { faultsOf } from "./json-schema.ts";

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, object>>;
}

const PROBLEM = "application/problem+json";

export interface DocumentChecker {
  /**
   * @param path as it was asked for, with or without a query.
   * @param body parsed when it was JSON; absent or `{}` when there was none.
   * @throws AssertionError when the path, the method, the status, the error code or the body's form is undocumented.
   */
  (method: string, path: string, status: number, body?: unknown): void;
  /** Documented answers that no exchange had so far, as `operationId status` or `operationId status CODE`. */
  unseen(): string[];
}

export function checkAgainstDocument(source: object): DocumentChecker {
  const document = source as Document;
  const templates = Object.keys(document.paths).map(toTemplate).sort(byPrecedence);
  const seen = new Set<string>();

  function faultOf(method: string, path: string, status: number, body: unknown): string | null {
    const pathname = path.split("?", 1)[0] ?? path;
    const template = templates.find(({ pattern }) => pattern.test(pathname));
    if (!template) return expectProblem(method, status, body, 404, "NOT_FOUND");
    if (method === "options") return status === 204 ? null : "expected 204";
    const operations = document.paths[template.path] as Record<string, Operation>;
    const operation = operations[method === "head" ? "get" : method];
    if (!operation) return expectProblem(method, status, body, 405, "METHOD_NOT_ALLOWED");
    const answer = operation.responses[status];
    if (!answer) return `${operation.operationId} documents ${Object.keys(operation.responses).join(", ")}`;
    const code = codeOf(body);
    seen.add(`${operation.operationId} ${status}${code ? ` ${code}` : ""}`);
    return method === "head" ? null : faultOfBody(answer, body);
  }

  function faultOfBody({ content = {} }: Answer, body: unknown): string | null {
    const media = codeOf(body) ? (content[PROBLEM] ?? Object.values(content)[0]) : Object.values(content)[0];
    if (!media) return isEmpty(body) ? null : `no body is documented, got ${JSON.stringify(body)}`;
    return faultsOf(body, media.schema ?? {}, document).join("; ") || null;
  }

  const check = (method: string, path: string, status: number, body?: unknown): void => {
    const fault = faultOf(method.toLowerCase(), path, status, body);
    if (fault) throw new AssertionError(`${method.toUpperCase()} ${path} → ${status}: ${fault}`);
  };
  return Object.assign(check, { unseen: () => answersOf(document).filter((answer) => !seen.has(answer)) });
}

/** The same for an answer that supertest got. */
export function checkResponse(check: DocumentChecker, response: SupertestResponse): void {
  const { method, url } = response.request;
  const { pathname, search } = new URL(url, "http://localhost");
  const isJson = /[/+]json\b/.test(response.headers["content-type"] ?? "");
  check(method, `${pathname}${search}`, response.status, isJson ? response.body : response.text || undefined);
}

interface SupertestResponse {
  readonly request: { readonly method: string; readonly url: string };
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly text: string;
}

interface Template {
  readonly path: string;
  readonly pattern: RegExp;
}

function toTemplate(path: string): Template {
  const pattern = path
    .split(/\{\w+\}/)
    .map((literal) => literal.replace(/[.*+?^$()[\]\\|]/g, "\\$&"))
    .join("[^/]+");
  return { path, pattern: new RegExp(`^${pattern}/?$`) };
}

/** `/tickets/me` before `/tickets/{ticketId}`. */
function byPrecedence(a: Template, b: Template): number {
  return a.path.split("{").length - b.path.split("{").length;
}

function answersOf({ paths }: Document): string[] {
  return Object.values(paths)
    .flatMap((operations) => Object.values(operations as Record<string, Operation>))
    .flatMap(({ operationId, responses }) =>
      Object.entries(responses).flatMap(([status, { content }]) => {
        const codes = codesIn(content?.[PROBLEM]?.schema);
        return codes.length > 0
          ? codes.map((code) => `${operationId} ${status} ${code}`)
          : [`${operationId} ${status}`];
      }),
    );
}

function codesIn(schema: Schema | undefined): string[] {
  const parts = (schema?.allOf ?? []) as { properties?: { code?: { enum: string[] } } }[];
  return parts.flatMap((part) => part.properties?.code?.enum ?? []);
}

const codeOf = (body: unknown): string | undefined => (body as { code?: string } | undefined)?.code;

function isEmpty(body: unknown): boolean {
  return (
    body === undefined ||
    body === "" ||
    (typeof body === "object" && body !== null && Object.keys(body).length === 0)
  );
}

function expectProblem(
  method: string,
  status: number,
  body: unknown,
  wanted: number,
  code: string,
): string | null {
  const fits = status === wanted && (method === "head" || codeOf(body) === code);
  return fits ? null : `expected ${wanted} ${code}, because it is not documented`;
}
