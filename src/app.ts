/**
 * Puts the rooms together. The only file that knows them all.
 *
 * Some rooms need each other (a hold asks the queue for the slot, leaving the queue gives holds back); each gets the
 * other as a port, bound here after both exist.
 */
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { createAuth } from "./auth/index.ts";
import { createCatalog } from "./catalog/index.ts";
import { createOperator } from "./operator/index.ts";
import { createPages, readBuiltPages } from "./pages/index.ts";
import {
  createPayments,
  createSandboxDeliveries,
  createSandboxProvider,
  createStripeProvider,
} from "./payments/index.ts";
import { Problem } from "./platform/errors.ts";
import { type Acceptors, BACKLOG, openAcceptors } from "./platform/http/acceptors.ts";
import { createHttpApp } from "./platform/http/app.ts";
import { unavailable } from "./platform/http/availability.ts";
import { startMetricsServer } from "./platform/http/health.ts";
import { createLimiter } from "./platform/http/limits.ts";
import { mountRoutes } from "./platform/http/mount.ts";
import type { Route } from "./platform/http/route.ts";
import { createServer, endConnections, letIn } from "./platform/http/server.ts";
import { mountSystemRoutes } from "./platform/http/system.ts";
import { mountStreamPaths } from "./platform/http/upgrades.ts";
import type { Platform } from "./platform/index.ts";
import { openJobQueue } from "./platform/jobs.ts";
import { isDatabaseAway, sqlState } from "./platform/postgres.ts";
import { isRedisAway } from "./platform/redis.ts";
import { attachSockets, type SocketServer } from "./platform/sockets/index.ts";
import { StartError } from "./platform/start-error.ts";
import { createQueue } from "./queue/index.ts";
import { createReservations, HOLD_EXPIRY_QUEUE, type HoldExpiryJob } from "./reservations/index.ts";
import { createSeats } from "./seats/index.ts";
import { STREAM_DOCS } from "./streams.ts";

export const API_BASE = "/api/v1";

export type Rooms = ReturnType<typeof createRooms>;

/** Every room on one platform; a gateway serves their routes, a worker runs their background work. */
export function createRooms(platform: Platform) {
  const { config, db, redis, subscriber, log, metrics, locks, releaser } = platform;
  const auth = createAuth({ db, redis, config, log, metrics });
  const catalog = createCatalog({ db, log, counts: (performanceId) => seats.counts(performanceId) });
  const queue = createQueue({
    db,
    redis,
    subscriber,
    config,
    log,
    metrics,
    releaseHolds: (userId, performanceId, cause) => reservations.releaseHoldsOf(userId, performanceId, cause),
    liveHolds: (performanceId) => reservations.liveHolds(performanceId),
  });
  const jobs = openJobQueue<HoldExpiryJob>(HOLD_EXPIRY_QUEUE, config, log);
  releaser.add("job queue", () => jobs.close());
  const reservations = createReservations({
    db,
    log,
    metrics,
    locks,
    jobs,
    catalog,
    fans: auth,
    admission: queue,
    admissionCodeKey: config.admissionCodeKey,
  });
  const { webhookKey } = config;
  const sandboxProvider = createSandboxProvider({ db, webhookKey });
  const stripe = config.stripe ? [createStripeProvider(config.stripe)] : [];
  // Where real cards are taken, nobody may pay with a pretended one.
  const onlyStripe = stripe.length > 0 && config.environment === "production";
  const payments = createPayments({
    db,
    log,
    metrics,
    reservations,
    providers: onlyStripe ? stripe : [sandboxProvider, ...stripe],
    retired: onlyStripe ? [sandboxProvider] : [],
  });
  let gatewayUrl = config.gatewayUrl;
  const sandbox = createSandboxDeliveries({
    db,
    log,
    webhookKey,
    webhookUrl: () => gatewayUrl && `${gatewayUrl}${API_BASE}/payments/webhooks/sandbox`,
  });
  const seats = createSeats({
    db,
    redis,
    subscriber,
    log,
    reads: reservations,
    passes: {
      verifyPass: queue.verifyPass,
      async isLive(token, performanceId) {
        const [pass, facts] = [queue.verifyPass(token, performanceId), await catalog.facts(performanceId)];
        if (!pass.ok || !facts) return false;
        // A hold of no time: it only asks.
        const slot = await queue.useSlot({ ...pass, queueId: facts.queueId, holdSeconds: 0 });
        return slot.ok || slot.reason === "REBUILDING";
      },
    },
    facts: catalog.facts,
  });
  const operator = createOperator({
    db,
    log,
    limits: config.limits,
    auth,
    catalog,
    reservations,
    queue,
    payments,
  });
  releaser.add("rooms", async () => {
    operator.close();
    seats.close();
    queue.stop();
    await reservations.close();
  });
  return {
    auth,
    catalog,
    queue,
    reservations,
    payments,
    sandbox,
    seats,
    operator,
    /** A gateway of this very process is the nearest one for webhooks, unless another was configured. */
    gatewayListensAt(url: string) {
      gatewayUrl ??= url;
    },
  };
}

export interface Gateway {
  readonly server: Server;
  readonly sockets: SocketServer;
  readonly port: number;
}

const VERSION: string = JSON.parse(readFileSync(findPackage(), "utf8")).version;
/** How long requests that are under way at SIGTERM may take. */
const DRAIN_MS = 5_000;

/**
 * Serves HTTP and WebSocket until the platform is released.
 * @throws StartError when the port is taken.
 */
export async function startGateway(platform: Platform, rooms: Rooms): Promise<Gateway> {
  const { config, log, metrics, availability, releaser } = platform;
  const { auth, catalog, queue, reservations, payments, seats, operator } = rooms;
  let draining = false;

  const api: readonly Route[] = [
    ...auth.routes,
    ...catalog.routes,
    ...seats.routes,
    ...queue.routes,
    ...reservations.routes,
    ...payments.routes,
    ...operator.routes,
  ];
  const streams = [...queue.sockets, ...seats.streams, ...operator.sockets];
  const built = readBuiltPages();
  if (!built) log.info('no pages for browsers: they have not been built ("npm run build:web")');
  const pages = built && createPages({ built, catalog, queue, sessions: auth.pageSessions });
  const app = createHttpApp(
    {
      log,
      metrics: metrics.http,
      trustProxy: config.trustProxy,
      classifyFault,
      ...(pages && { showMissing: pages.showMissing }),
    },
    (router) => {
      const options = {
        log,
        availability,
        authenticate: auth.authenticate,
        limiter: config.limits ? createLimiter() : null,
      };
      // The router tries one path after the other: what a surge asks for stands first.
      const surged = [...queue.routes, ...seats.routes, ...reservations.routes];
      mountRoutes(router, withBase([...surged, ...api.filter((route) => !surged.includes(route))]), options);
      mountRoutes(router, queue.publicRoutes, options);
      mountRoutes(router, pages?.routes ?? [], options);
      mountStreamPaths(router, streams);
      mountSystemRoutes(router, {
        log,
        availability,
        version: VERSION,
        groups: [
          { basePath: API_BASE, routes: api },
          { basePath: "", routes: queue.publicRoutes, reachesStores: false },
        ],
        streams: STREAM_DOCS,
        registry: config.environment === "production" ? null : metrics.registry,
        isDraining: () => draining,
      });
    },
  );
  const server = createServer(app);
  const sockets = attachSockets(server, {
    log,
    metrics,
    routes: streams,
  });
  await auth.start();
  releaser.add("auth", () => auth.close());
  if (config.operator) await auth.ensureOperator(config.operator.email, config.operator.password);
  const port = await listen(server, config.port, config.host);
  rooms.gatewayListensAt(`http://127.0.0.1:${port}`);
  const opening = openAcceptors(server, { log });
  // Fans are served by now, so whoever ends us meanwhile has to wait for them.
  releaser.add("http server", async () => {
    draining = true;
    endConnections(server);
    const [acceptors] = await Promise.all([opening, sockets.close()]);
    await letIn(server);
    await closeServer(server, acceptors);
  });
  await opening;
  return { server, sockets, port };
}

/** Metrics on a port of their own, when one is configured. */
export async function serveMetrics({
  config,
  log,
  metrics,
  availability,
  releaser,
}: Platform): Promise<void> {
  if (config.metricsPort === 0) return;
  const { host, metricsPort } = config;
  const served = await startMetricsServer(metricsPort, metrics.registry, { log, host, availability });
  releaser.add("metrics", () => served.close());
}

/** The same routes under the base path; one router for all, because a mounted one would cost each request again. */
function withBase(routes: readonly Route[]): Route[] {
  return routes.map((route) => ({ ...route, path: `${API_BASE}${route.path}` }));
}

/** What a thrown fault of a store means to the client. */
function classifyFault(fault: unknown): Problem | null {
  if (isDatabaseAway(fault)) return unavailable("database", fault);
  if (isRedisAway(fault)) return unavailable("queue", fault);
  // A row lock that was not to be had in time: nothing was changed, and trying again is right.
  if (sqlState(fault) === "55P03") return new Problem("BUSY", { cause: fault });
  return null;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (fault: NodeJS.ErrnoException) => {
      const why =
        fault.code === "EADDRINUSE" ? "is already in use" : `can't be used (${fault.code ?? fault.message})`;
      reject(new StartError(`Port ${port} ${why}; set PORT to a free one.`));
    });
    server.listen(port, host, BACKLOG, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}

async function closeServer(server: Server, acceptors: Acceptors): Promise<void> {
  const closed = Promise.all([
    new Promise<void>((resolve) => server.close(() => resolve())),
    acceptors.close(),
  ]);
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}

/** package.json stands one folder higher once this file is compiled into dist. */
function findPackage(): URL {
  const here = new URL("../package.json", import.meta.url);
  return import.meta.url.includes("/dist/") ? new URL("../../package.json", import.meta.url) : here;
}
