/**
 * An HTTP client that sends exactly what it is told, however wrong, and holds each answer to the ground rules and to
 * the API document.
 */
import http, { type IncomingHttpHeaders } from "node:http";
import { AssertionError } from "chai";
import { checkAgainstDocument, type DocumentChecker } from "../contract/index.ts";
import { faultsOfAnswer } from "./rules.ts";

export interface Ask {
  /** An access token. */
  readonly token?: string;
  readonly pass?: string;
  readonly idempotencyKey?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is; say the type in `headers`. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Any other status throws, with the answer in the message. */
  readonly expect?: number | readonly number[];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every form.
  readonly body: any;
  /** Milliseconds from sending to the last byte. */
  readonly tookMs: number;
}

export interface Client {
  readonly url: string;
  /** @param path below `/api/v1`. */
  api(method: string, path: string, ask?: Ask): Promise<Answer>;
  /** @param path from the root. */
  at(method: string, path: string, ask?: Ask): Promise<Answer>;
  close(): void;
}

/** A hang is a failure of its own, well before the test's time is up. */
const HANG_MS = 15_000;
const API = "/api/v1";

/** One a document, for the whole run: what was never seen can then be asked for over all files. */
const checkers = new Map<string, DocumentChecker>();
const answered = new Set<string>();

export async function openClient(url: string): Promise<Client> {
  const agent = new http.Agent({ keepAlive: true });
  const document = await send(agent, url, "GET", "/openapi.json", {});
  const check = checkers.get(document.text) ?? checkAgainstDocument(document.body);
  checkers.set(document.text, check);

  async function at(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const answer = await send(agent, url, method, path, ask);
    const { status, body, text } = answer;
    const title = `${method} ${path} → ${status} ${text.slice(0, 600)}`;
    if (ask.expect !== undefined && ![ask.expect].flat().includes(status))
      throw new AssertionError(`expected ${[ask.expect].flat().join(" or ")}: ${title}`);
    // The pages for people, and what they load, are no part of the API and do not stand in the document.
    const isPage = /^\/(?:plain|assets|docs)\b/.test(path) || (!path.startsWith(API) && isHtml(answer));
    const faults = faultsOfAnswer({ method, path, isPage: isPage && !isProblem(answer), ...answer });
    if (faults.length > 0) throw new AssertionError(`${title}: ${faults.join("; ")}`);
    if (!isPage) check(method, path, status, body ?? (text || undefined));
    if (status !== 404 && status !== 405) answered.add(`${method} ${shapeOf(path)}`);
    return answer;
  }

  return {
    url,
    at,
    api: (method, path, ask) => at(method, `${API}${path}`, ask),
    close: () => agent.destroy(),
  };
}

/**
 * What no exchange of this run has shown yet, as `operationId status CODE`. Houses with other limits serve another
 * document; what one of them has shown is shown.
 */
export function neverSeen(): string[] {
  const [first = [], ...others] = [...checkers.values()].map((check) => check.unseen());
  return first.filter((answer) => others.every((unseen) => unseen.includes(answer)));
}

function isProblem({ headers }: Answer): boolean {
  return /^application\/problem\+json\b/.test(headers["content-type"] ?? "");
}

function isHtml({ headers }: Answer): boolean {
  return /^text\/html\b/.test(headers["content-type"] ?? "");
}

/** How many operations this run has had an answer from. */
export function seenOperations(): number {
  return answered.size;
}

function send(agent: http.Agent, url: string, method: string, path: string, ask: Ask): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const payload = ask.raw ?? (ask.body === undefined ? undefined : JSON.stringify(ask.body));
  const headers = {
    ...(ask.token === undefined ? {} : { Authorization: `Bearer ${ask.token}` }),
    ...(ask.pass === undefined ? {} : { "Queue-Pass": ask.pass }),
    ...(ask.idempotencyKey === undefined ? {} : { "Idempotency-Key": ask.idempotencyKey }),
    ...(ask.body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(payload === undefined ? {} : { "Content-Length": Buffer.byteLength(payload) }),
    ...ask.headers,
  };
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request(
      { agent, hostname, port, method, path, headers, timeout: HANG_MS },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            body: parse(response.headers["content-type"], text),
            tookMs: performance.now() - startedAt,
          });
        });
      },
    );
    request.on("timeout", () => request.destroy(new Error(`${method} ${path} did not answer`)));
    request.on("error", reject);
    request.end(payload);
  });
}

/** The path with its ids taken out. */
function shapeOf(path: string): string {
  return (path.split("?", 1)[0] as string).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "{}");
}

function parse(type: string | undefined, text: string): unknown {
  return /[/+]json\b/.test(type ?? "") && text !== "" ? JSON.parse(text) : undefined;
}
