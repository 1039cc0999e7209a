/**
 * The load generator's HTTP client: kept connections, one clock for all, and nothing that hides an answer.
 *
 * A request's time runs from when it has a connection, so that waiting for one of ours is not charged to the server.
 */
import http from "node:http";
import type { Ledger } from "./ledger.ts";

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below /api/v1. */
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Which gateway is asked; any when absent. */
  readonly gateway?: number;
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly body: Body;
  /** The body as it came, byte for byte. */
  readonly text: string;
  /** The stable code of a refusal, null for any other answer. */
  readonly code: string | null;
  readonly headers: http.IncomingHttpHeaders;
  /** What was asked, for messages. */
  readonly what: string;
}

export interface Api {
  /**
   * @param route names it in the report.
   * @throws Stopped when the run is over; Broken when no answer came or a 5xx one, which no fan may meet.
   */
  call<Body = Record<string, unknown>>(route: string, call: Call): Promise<Answer<Body>>;
  /** Notes that this refusal should not have come. @returns what to throw. */
  surprise(answer: Answer<unknown>, why?: string): Broken;
  /** Opens the kept connections, so that the crowd at the opening need not. */
  warmUp(): Promise<void>;
  readonly gateways: number;
  /** The address of a gateway's streams, without a path. */
  streamAddress(gateway: number): string;
  /** The server's clock minus ours, milliseconds, as far as the Date header tells. */
  readonly clockOffsetMs: number;
  close(): void;
}

/** Milliseconds that requests waited here for a connection, which is not charged to the server. */
export const OWN_WAIT = "wait for a connection";

/** This fan's story can't go on. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** The run is over, and whoever was under way stops where they are. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

const TIMEOUT_MS = 15_000;
/**
 * Connections kept to each gateway. Few for quick calls, because Node.js accepts one new connection each time around
 * its event loop: many busy kept ones would make the sockets that open meanwhile wait for seconds. More for calls that
 * wait for a commit, and apart from them, so that nobody inside waits behind the crowd at the door.
 */
const CONNECTIONS = { quick: 12, commit: 24, join: 64 };
const LINES: Readonly<Record<string, keyof typeof CONNECTIONS>> = {
  join: "join",
  hold: "commit",
  pay: "commit",
  "pay, reply lost": "commit",
  claim: "commit",
  cancel: "commit",
  leave: "commit",
  "log in": "commit",
  "sign up": "commit",
  operator: "commit",
  "warm up commit": "commit",
  "warm up join": "join",
};
/** The Date header has whole seconds, so a smaller difference says nothing. */
const LEAST_OFFSET_MS = 1_500;

export function createApi(addresses: readonly URL[], ledger: Ledger, signal: AbortSignal): Api {
  const agentWith = (maxSockets: number) =>
    new http.Agent({ keepAlive: true, maxSockets, scheduling: "lifo" });
  const agents = {
    quick: agentWith(CONNECTIONS.quick),
    commit: agentWith(CONNECTIONS.commit),
    join: agentWith(CONNECTIONS.join),
  };
  let next = 0;
  let clockOffsetMs = 0;

  function broken(what: string, where: string, detail: string): Broken {
    ledger.count(`code:${what}`);
    ledger.unexpected({ what, where, detail });
    return new Broken(`${where}: ${what} ${detail}`);
  }

  function send(route: string, call: Call): Promise<{ answer: Answer<never>; tookMs: number }> {
    const address = addresses[(call.gateway ?? next++) % addresses.length] as URL;
    const what = `${call.method} ${call.path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…")}`;
    const payload = call.body === undefined ? undefined : JSON.stringify(call.body);
    return new Promise((resolve, reject) => {
      let startedAt = performance.now();
      const request = http.request(
        {
          agent: agents[LINES[route] ?? "quick"],
          host: address.hostname,
          port: address.port || 80,
          method: call.method,
          path: `/api/v1${call.path}`,
          timeout: TIMEOUT_MS,
          headers: {
            ...call.headers,
            ...(call.token ? { Authorization: `Bearer ${call.token}` } : {}),
            ...(payload
              ? { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(payload) }
              : {}),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            const tookMs = performance.now() - startedAt;
            try {
              resolve({ answer: toAnswer(what, response, text), tookMs });
            } catch (fault) {
              reject(fault);
            }
          });
        },
      );
      request.on("socket", () => {
        ledger.sample(OWN_WAIT, performance.now() - startedAt);
        startedAt = performance.now();
      });
      request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
      request.on("error", reject);
      request.end(payload);
    });
  }

  return {
    async call<Body>(route: string, call: Call): Promise<Answer<Body>> {
      if (signal.aborted) throw new Stopped();
      let sent: Awaited<ReturnType<typeof send>>;
      try {
        sent = await send(route, call);
      } catch (fault) {
        if (signal.aborted) throw new Stopped();
        throw broken("NO_ANSWER", `${call.method} ${route}`, (fault as Error).message);
      }
      const { answer, tookMs } = sent;
      ledger.sample(`http:${route}`, tookMs);
      const offset = Date.parse(answer.headers.date ?? "") + 500 - Date.now();
      clockOffsetMs = Math.abs(offset) > LEAST_OFFSET_MS ? offset : 0;
      if (answer.status >= 500) {
        if (signal.aborted) throw new Stopped();
        throw broken(answer.code ?? `HTTP_${answer.status}`, answer.what, detailOf(answer));
      }
      if (answer.code) ledger.count(`code:${answer.code}`);
      return answer;
    },
    surprise(answer, why = "") {
      if (signal.aborted) return new Broken("stopped");
      const found = answer.code ?? `HTTP_${answer.status}`;
      if (!answer.code) ledger.count(`code:${found}`);
      ledger.unexpected({ what: found, where: answer.what, detail: why || detailOf(answer) });
      return new Broken(`${answer.what}: ${found} ${why}`);
    },
    async warmUp() {
      const routes = Object.entries(CONNECTIONS).flatMap(([line, count]) =>
        Array<string>(count).fill(`warm up ${line}`),
      );
      const visits = addresses.flatMap((_, gateway) =>
        routes.map((route) => send(route, { method: "GET", path: "/events?limit=1", gateway })),
      );
      await Promise.all(visits).catch((fault) => {
        throw broken("NO_ANSWER", "GET /events", (fault as Error).message);
      });
    },
    gateways: addresses.length,
    streamAddress: (gateway) => (addresses[gateway % addresses.length] as URL).origin.replace(/^http/, "ws"),
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function toAnswer(
  what: string,
  { statusCode = 0, headers }: http.IncomingMessage,
  text: string,
): Answer<never> {
  const isJson = /json/.test(headers["content-type"] ?? "");
  const body = isJson && text !== "" ? JSON.parse(text) : {};
  const code = statusCode >= 400 ? ((body as { code?: string }).code ?? null) : null;
  return { status: statusCode, body: body as never, text, code, headers, what };
}

function detailOf({ body }: Answer<unknown>): string {
  const { detail, requestId } = body as { detail?: string; requestId?: string };
  return [detail, requestId && `request ${requestId}`].filter(Boolean).join(", ");
}
