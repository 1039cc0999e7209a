/** A real HTTP server around the routes of one room, as the application would serve them. */
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Problem } from "../../src/platform/errors.ts";
import { createHttpApp } from "../../src/platform/http/app.ts";
import { type Availability, watchAvailability } from "../../src/platform/http/availability.ts";
import { createLimiter } from "../../src/platform/http/limits.ts";
import { mountRoutes } from "../../src/platform/http/mount.ts";
import type { Principal, Route } from "../../src/platform/http/route.ts";
import { createServer } from "../../src/platform/http/server.ts";
import { createLogger } from "../../src/platform/logger.ts";

export type Authenticate = (request: { readonly headers: IncomingHttpHeaders }) => Principal;

export interface ServeOptions {
  /** Limits by address and account; off when absent. */
  readonly limits?: boolean;
  /** What Express calls `trust proxy`; lets a test choose its address by X-Forwarded-For. */
  readonly trustProxy?: boolean;
  /** When absent, every store is taken to answer. */
  readonly availability?: Availability;
  /** Turns a store's fault into its 503, as in the application; when absent such a fault is a 500. */
  readonly classifyFault?: (fault: unknown) => Problem | null;
}

export interface ServedRoutes {
  /** Without a slash at the end; routes stand below `/api/v1`. */
  readonly url: string;
  close(): Promise<void>;
}

/** For routes that need nobody: every request is a stranger's. */
export const nobody: Authenticate = () => {
  throw new Problem("UNAUTHENTICATED");
};

/** Serves on a random port of 127.0.0.1 until closed. */
export async function serveRoutes(
  routes: readonly Route[],
  authenticate: Authenticate,
  options: ServeOptions = {},
): Promise<ServedRoutes> {
  const log = createLogger("test", "silent");
  const available = options.availability ?? alwaysAvailable();
  const app = createHttpApp(
    {
      log,
      metrics: { observeRequest: () => undefined },
      trustProxy: options.trustProxy ?? false,
      classifyFault: options.classifyFault ?? (() => null),
    },
    (router) => {
      const api = express.Router({ caseSensitive: true });
      const limiter = options.limits ? createLimiter() : null;
      mountRoutes(api, routes, { log, availability: available, authenticate, limiter });
      router.use("/api/v1", api);
    },
  );
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      if (!options.availability) available.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function alwaysAvailable(): Availability {
  const answer = async () => undefined;
  return watchAvailability({ database: answer, queue: answer });
}
