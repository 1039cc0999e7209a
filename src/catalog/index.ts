/**
 * The catalog: events, their performances, and the seats of each.
 *
 * Everything about a performance is fixed when it is made, so it is read from PostgreSQL once and then answered
 * from memory: facts, the seat map, and the layout as the bytes that are sent. The caches are bounded by what
 * they hold, and load each performance once however many ask at the same time. What changes (the state of a
 * seat) belongs to other rooms; the counts come in through a port.
 */
import type { Route } from "../platform/http/route.ts";
import type { Logger } from "../platform/logger.ts";
import type { Database, Transaction } from "../platform/postgres.ts";
import { createLoadingCache } from "./cache.ts";
import { drawHall } from "./hall.ts";
import { type Layout, writeLayout } from "./layout.ts";
import { type LookRequest, readLogo, type StoredLook, toLookView } from "./look.ts";
import { catalogRoutes, toPerformanceView } from "./routes.ts";
import { buildSeatMap } from "./seat-map.ts";
import * as store from "./store.ts";
import type { EventView, NewEvent, NewPerformance, PerformanceFacts, SeatCounts, SeatMap } from "./types.ts";

export { checkSections, MAX_SEATS, type SectionPlan } from "./hall.ts";
export { checkLook, type LookRequest, type LookView } from "./look.ts";
export { eventView, lookSchema, performanceView, seatCounts, sectionsSchema } from "./schemas.ts";
export type {
  EventView,
  NewEvent,
  NewPerformance,
  PerformanceFacts,
  PerformanceView,
  SeatCounts,
  SeatDescription,
  SeatMap,
  Section,
} from "./types.ts";
export { toPerformanceView };

export interface CatalogDeps {
  readonly db: Database;
  readonly log: Logger;
  /** How many seats of a performance are in each state, from memory. */
  counts(performanceId: string): Promise<SeatCounts>;
}

export interface Catalog {
  readonly routes: Route[];
  createEvent(trx: Transaction, event: NewEvent): Promise<EventView>;
  /**
   * Makes a performance with all its seats; their sections must have passed `checkSections`.
   * @returns null when there is no such event.
   */
  createPerformance(
    trx: Transaction,
    eventId: string,
    input: NewPerformance,
  ): Promise<PerformanceFacts | null>;
  /**
   * Gives an event another look, which must have passed `checkLook`.
   * @returns the looks before and after, for the audit; null when there is no such event.
   */
  setLook(
    trx: Transaction,
    eventId: string,
    look: LookRequest,
  ): Promise<{ readonly before: StoredLook | null; readonly after: StoredLook } | null>;
  /** Newest first. */
  events(limit: number, beforeId: string | null): Promise<EventView[]>;
  event(eventId: string): Promise<EventView | null>;
  /** The event that a performance or a queue belongs to. */
  eventIdOf(by: { readonly performanceId: string } | { readonly queueId: string }): Promise<string | null>;
  facts(performanceId: string): Promise<PerformanceFacts | null>;
  seatMap(performanceId: string): Promise<SeatMap | null>;
}

const MAX_CACHED_FACTS = 10_000;
/** About 150 bytes each. */
const MAX_CACHED_SEATS = 500_000;
const MAX_CACHED_LAYOUT_BYTES = 64 * 1024 * 1024;

export function createCatalog({ db, log, counts }: CatalogDeps): Catalog {
  const facts = createLoadingCache<PerformanceFacts>({
    maxWeight: MAX_CACHED_FACTS,
    weigh: () => 1,
    load: (performanceId) => store.selectPerformance(db, performanceId),
  });

  const seatMaps = createLoadingCache<SeatMap>({
    maxWeight: MAX_CACHED_SEATS,
    weigh: ({ seatCount }) => seatCount,
    async load(performanceId) {
      const performance = await facts.get(performanceId);
      if (!performance) return null;
      const startedAt = Date.now();
      const sections = await store.selectSections(db, performanceId);
      const seats = store.readSeats(db, performanceId, performance.seatCount);
      const map = await buildSeatMap(performance, sections, seats);
      log.debug("seat map loaded", {
        performanceId,
        seats: map.seatCount,
        milliseconds: Date.now() - startedAt,
      });
      return map;
    },
  });

  const layouts = createLoadingCache<Layout>({
    maxWeight: MAX_CACHED_LAYOUT_BYTES,
    weigh: ({ json, gzip }) => json.length + gzip.length,
    async load(performanceId) {
      const map = await seatMaps.get(performanceId);
      return map && writeLayout(map);
    },
  });

  async function withPerformances(events: readonly store.EventRow[]): Promise<EventView[]> {
    const ids = events.map(({ id }) => id);
    const performances = ids.length > 0 ? await store.selectPerformancesOf(db, ids) : [];
    return events.map((event) =>
      toEventView(
        event,
        performances.filter(({ eventId }) => eventId === event.id),
      ),
    );
  }

  async function findEvents(limit: number, beforeId: string | null): Promise<EventView[]> {
    return withPerformances(await store.selectEvents(db, limit, beforeId));
  }

  async function findEvent(eventId: string): Promise<EventView | null> {
    const event = await store.selectEvent(db, eventId);
    return event && ((await withPerformances([event]))[0] ?? null);
  }

  return {
    routes: catalogRoutes({
      events: findEvents,
      event: findEvent,
      logo: (eventId) => store.selectLogo(db, eventId),
      facts: facts.get,
      layout: layouts.get,
      counts,
    }),
    createEvent: async (trx, event) => toEventView(await store.insertEvent(trx, event), []),
    async createPerformance(trx, eventId, input) {
      const seats = drawHall(input.sections);
      const performance = await store.insertPerformance(trx, eventId, input, seats.count);
      if (!performance) return null;
      const sectionIds = await store.insertSections(trx, performance.id, input.sections);
      await store.insertSeats(trx, performance.id, sectionIds, seats);
      return performance;
    },
    async setLook(trx, eventId, request) {
      const event = await store.lockEvent(trx, eventId);
      if (!event) return null;
      const { accent = null, timeZone = null, texts = {}, logo } = request;
      const image = logo ? readLogo(logo) : null;
      if (logo !== undefined) await store.replaceLogo(trx, eventId, image);
      const kept = logo === undefined ? (event.look?.logo ?? null) : (image?.digest ?? null);
      const after: StoredLook = { accent, timeZone, texts, logo: kept };
      await store.updateLook(trx, eventId, after);
      return { before: event.look, after };
    },
    events: findEvents,
    event: findEvent,
    async eventIdOf(by) {
      if ("queueId" in by) return store.selectEventIdOfQueue(db, by.queueId);
      return (await facts.get(by.performanceId))?.eventId ?? null;
    },
    facts: facts.get,
    seatMap: seatMaps.get,
  };
}

function toEventView(event: store.EventRow, performances: readonly PerformanceFacts[]): EventView {
  return {
    ...event,
    createdAt: event.createdAt.toISOString(),
    look: toLookView(event.id, event.look),
    performances: performances.map(toPerformanceView),
  };
}
