/**
 * What orchestrators and Prometheus ask for: does the process live, can it serve, how is it doing.
 *
 * In production the metrics stand on a port of their own, so that a load balancer cannot hand them to the world.
 */
import type { AddressInfo } from "node:net";
import Joi from "joi";
import type { Registry } from "prom-client";
import { Problem } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { StartError } from "../start-error.ts";
import { createHttpApp } from "./app.ts";
import { type Availability, type Dependency, unavailable } from "./availability.ts";
import { mountRoutes } from "./mount.ts";
import type { Route } from "./route.ts";
import { createServer } from "./server.ts";

export interface HealthOptions {
  readonly availability: Availability;
  /** Null where metrics are not served. */
  readonly registry: Registry | null;
  /** True from SIGTERM on: the process still answers but wants no new work. */
  readonly isDraining?: () => boolean;
}

const TAG = "System";
const NO_STORE = { "Cache-Control": "no-store" };
const PARTS: Readonly<Record<Dependency, { readonly key: string; readonly name: string }>> = {
  database: { key: "postgresql", name: "PostgreSQL" },
  queue: { key: "redis", name: "Redis" },
};
const part = Joi.string().valid("ok", "failing").required();
const readiness = Joi.object({
  status: Joi.string().valid("ready").required(),
  checks: Joi.object({ postgresql: part, redis: part }).required(),
});

/** `/healthz`, `/readyz` and, with a registry, `/metrics`. */
export function healthRoutes(options: HealthOptions): Route[] {
  const { registry } = options;
  return [liveness(), ready(options), ...(registry ? [metrics(registry)] : [])];
}

function liveness(): Route {
  return {
    method: "get",
    path: "/healthz",
    operationId: "getHealth",
    tag: TAG,
    summary: "Whether the process lives",
    access: "public",
    query: Joi.object().unknown(),
    responses: {
      200: { description: "It does.", schema: Joi.object({ status: Joi.string().valid("ok").required() }) },
    },
    errors: [],
    handler: () => ({ status: 200, headers: NO_STORE, body: { status: "ok" } }),
  };
}

function ready({ availability, isDraining = () => false }: HealthOptions): Route {
  return {
    method: "get",
    path: "/readyz",
    operationId: "getReadiness",
    tag: TAG,
    summary: "Whether PostgreSQL and Redis answer",
    description: "A 503 names what does not answer in `failing`, and all parts in `checks`.",
    access: "public",
    query: Joi.object().unknown(),
    responses: { 200: { description: "Both do.", schema: readiness } },
    errors: ["DATABASE_UNAVAILABLE", "QUEUE_UNAVAILABLE", "SHUTTING_DOWN"],
    async handler() {
      if (isDraining()) throw new Problem("SHUTTING_DOWN");
      const answers = await availability.check();
      const names = (Object.keys(PARTS) as Dependency[]).filter((name) => !answers[name]);
      const checks = {
        postgresql: answers.database ? "ok" : "failing",
        redis: answers.queue ? "ok" : "failing",
      };
      const [first] = names;
      if (first === undefined) return { status: 200, headers: NO_STORE, body: { status: "ready", checks } };
      const { code, options } = unavailable(first);
      throw new Problem(code, {
        ...options,
        detail: `Not ready: no answer from ${names.map((name) => PARTS[name].name).join(" and ")}.`,
        extensions: { failing: names.map((name) => PARTS[name].key), checks },
      });
    },
  };
}

function metrics(registry: Registry): Route {
  return {
    method: "get",
    path: "/metrics",
    operationId: "getMetrics",
    tag: TAG,
    summary: "Metrics in Prometheus' text format",
    access: "public",
    query: Joi.object().unknown(),
    responses: { 200: { description: "The metrics.", schema: Joi.string(), contentType: "text/plain" } },
    errors: [],
    async handler() {
      const body = await registry.metrics();
      return { status: 200, headers: { ...NO_STORE, "Content-Type": registry.contentType }, body };
    },
  };
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, `/healthz` and `/readyz` on a port of their own, for gateways in production and for workers.
 * @param port 0 for any free one.
 * @throws StartError with the setting to change when the port is taken.
 */
export async function startMetricsServer(
  port: number,
  registry: Registry,
  options: Omit<HealthOptions, "registry"> & { readonly log: Logger; readonly host: string },
): Promise<MetricsServer> {
  const { log, host } = options;
  const app = createHttpApp(
    {
      // A line for each scrape would drown the others.
      log: { ...log, enabled: (level) => level !== "info" && log.enabled(level) },
      metrics: { observeRequest: () => undefined },
      trustProxy: false,
      classifyFault: () => null,
    },
    (router) => mountOpenly(router, healthRoutes({ ...options, registry }), log),
  );
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new StartError(
          `The metrics can't be served on port ${port} (${cause.message}); choose another FASTPASS_METRICS_PORT.`,
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Mounts routes that are open to all and have answers of their own for stores that are away. */
export function mountOpenly(
  router: Parameters<typeof mountRoutes>[0],
  routes: readonly Route[],
  log: Logger,
): void {
  mountRoutes(router, routes, {
    log,
    availability: { race: (work) => work },
    authenticate() {
      throw new Error("these routes are open to all");
    },
    limiter: null,
  });
}
