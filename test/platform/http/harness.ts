/** A server around a few routes, each of which shows one thing a route can be. */

import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import type { Router } from "express";
import Joi from "joi";
import { Problem } from "../../../src/platform/errors.ts";
import { createHttpApp } from "../../../src/platform/http/app.ts";
import type { Availability } from "../../../src/platform/http/availability.ts";
import { createLimiter } from "../../../src/platform/http/limits.ts";
import { mountRoutes } from "../../../src/platform/http/mount.ts";
import type { Principal, Role, Route } from "../../../src/platform/http/route.ts";
import { createServer } from "../../../src/platform/http/server.ts";
import { type RecordingLogger, recordingLogger } from "../support.ts";

export interface Observation {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

export interface Served {
  readonly url: string;
  readonly port: number;
  readonly log: RecordingLogger;
  readonly observed: readonly Observation[];
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly routes?: readonly Route[];
  readonly availability?: Pick<Availability, "race">;
  readonly limits?: boolean;
  readonly classifyFault?: (fault: unknown) => Problem | null;
  readonly build?: (router: Router, log: RecordingLogger) => void;
}

/** The bearer token is the role; anything else is no good. */
export function authenticate(request: { headers: { authorization?: string } }): Principal {
  const token = request.headers.authorization?.replace(/^Bearer /, "");
  if (token === undefined) throw new Problem("UNAUTHENTICATED");
  if (!["fan", "gate", "operator"].includes(token)) throw new Problem("TOKEN_INVALID");
  return { userId: `the ${token}`, role: token as Role, sessionId: "s" };
}

export async function serve(options: ServeOptions = {}): Promise<Served> {
  const log = recordingLogger();
  const observed: Observation[] = [];
  const app = createHttpApp(
    {
      log,
      metrics: { observeRequest: (method, route, status) => void observed.push({ method, route, status }) },
      trustProxy: false,
      classifyFault: options.classifyFault ?? (() => null),
    },
    (router) => {
      mountRoutes(router, options.routes ?? [], {
        log,
        availability: options.availability ?? { race: (work) => work },
        authenticate,
        limiter: options.limits ? createLimiter() : null,
      });
      options.build?.(router, log);
    },
  );
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    log,
    observed,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

const BASE = { tag: "Test", summary: "A route of the tests", errors: [], access: "public" } as const;
const ok = { 200: { description: "Fine.", schema: Joi.any() } };

/** A route that answers with what its handler was given. */
export function echo(route: Partial<Route> & Pick<Route, "method" | "path">): Route {
  const { method, path } = route;
  return {
    ...BASE,
    operationId: `${method}${path.replace(/\W/g, "_")}`,
    responses: ok,
    handler: (context: { params: unknown; query: unknown; body: unknown; rawBody: Buffer }) => ({
      status: 200,
      body: {
        params: context.params,
        query: context.query,
        body: context.body ?? null,
        raw: context.rawBody.toString("utf8"),
      },
    }),
    ...route,
  } as Route;
}

/** Sends bytes as they are and returns all that comes back until the server closes or `until` is seen. */
export function exchange(port: number, parts: readonly string[], until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1", () => {
      for (const part of parts) socket.write(part);
    });
    let answer = "";
    const finish = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      answer += text;
      if (until?.test(answer)) finish();
    });
    socket.on("end", finish);
    socket.on("error", (fault) => (answer ? finish() : reject(fault)));
  });
}
