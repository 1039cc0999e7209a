/**
 * Every metric of the program, declared in this one place with its help text, unit and bounded labels.
 *
 * Nothing that a client chooses (a path, an id, an email) is ever a label.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type { Counter, Gauge, Histogram } from "prom-client";

export interface HttpMetrics {
  observeRequest(method: string, route: string, status: number, seconds: number): void;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** What a reading consists of: a value for each set of labels. */
export type Reading<L extends string> = Iterable<
  readonly [labels: Readonly<Record<L, string>>, value: number]
>;

/** A gauge that is read when it is scraped, and sums what all its sources say: it can't go stale. */
export interface Watched<L extends string> {
  /** @returns ends the watching. */
  watch(source: () => Reading<L>): () => void;
}

export const NO_LABELS = {} as Readonly<Record<never, string>>;

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const ROUND_TRIP = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];
const LAG = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];

/** Declares all metrics on a registry of its own, so that two apps in one process (tests) do not collide. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers });
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge<L>({ name, help, labelNames, registers });
  const watched = <L extends string = never>(
    name: string,
    help: string,
    labelNames: L[] = [],
  ): Watched<L> => {
    const sources = new Set<() => Reading<L>>();
    const read = new Gauge<L>({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const source of sources) for (const [labels, value] of source()) read.inc(labels, value);
      },
    });
    return {
      watch(source) {
        sources.add(source);
        return () => void sources.delete(source);
      },
    };
  };
  const histogram = <L extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: L[] = [],
  ) => new Histogram<L>({ name, help, labelNames, buckets, registers });

  const httpSeconds = histogram(
    "http_request_duration_seconds",
    "Time from a request's head to its answer, in seconds.",
    FAST,
    ["method", "route", "status"],
  );

  return {
    registry,
    http: {
      observeRequest: (method: string, route: string, status: number, seconds: number) =>
        httpSeconds.observe({ method, route, status: String(status) }, seconds),
    } satisfies HttpMetrics,
    queue: {
      waiting: watched(
        "fastpass_queue_waiting",
        "Fans in line, summed over the queues this process journals.",
      ),
      active: watched(
        "fastpass_queue_active",
        "Slots in use (admitted or inside), summed over the queues this process journals.",
      ),
      limited: watched(
        "fastpass_queues_limited",
        "Queues this process journals, by what holds their admissions back.",
        ["by"],
      ),
      admitted: counter("fastpass_queue_admitted_total", "Admissions committed to the journal."),
      left: counter("fastpass_queue_left_total", "Tickets that ended, by reason.", ["reason"]),
      tickSeconds: histogram(
        "fastpass_admission_tick_seconds",
        "Time of one admission tick script as its caller sees it, in seconds.",
        FAST,
      ),
      journalSeconds: histogram(
        "fastpass_queue_journal_seconds",
        "Time to commit one batch of the journal, in seconds.",
        FAST,
      ),
      positionUpdates: counter("fastpass_position_updates_total", "Position messages sent to sockets."),
      rebuilds: counter(
        "fastpass_queue_rebuilds_total",
        "Queues rebuilt from the journal after a loss of Redis.",
      ),
    },
    sockets: {
      connections: gauge("fastpass_ws_connections", "Open WebSocket connections, by stream.", ["stream"]),
      closed: counter("fastpass_ws_closed_total", "WebSocket connections closed by us, by close code.", [
        "code",
      ]),
      buffered: watched("fastpass_ws_buffered_bytes", "Bytes that clients have not taken yet, all sockets."),
      skipped: counter(
        "fastpass_ws_frames_skipped_total",
        "Frames not sent because the client still had too many bytes to take.",
      ),
    },
    reservations: {
      outcomes: counter("fastpass_reservations_total", "Holds asked for, by outcome.", ["outcome"]),
      releaseLagSeconds: histogram(
        "fastpass_hold_release_lag_seconds",
        "From a hold's deadline to the release of its seats, in seconds.",
        LAG,
      ),
      released: counter("fastpass_hold_released_total", "Lapsed holds released, by who found them.", ["by"]),
      versionLosers: counter(
        "fastpass_seat_update_conflicts_total",
        "Holds whose seats changed between the look at them and the versioned update.",
      ),
    },
    locks: {
      waitSeconds: histogram(
        "fastpass_lock_wait_seconds",
        "Time to take or be refused the seat locks, in seconds.",
        FAST,
      ),
      attempts: counter("fastpass_lock_attempts_total", "Attempts on the seat locks, by outcome.", [
        "outcome",
      ]),
    },
    payments: {
      outcomes: counter("fastpass_payments_total", "Payments, by outcome.", ["outcome"]),
      webhooks: counter("fastpass_payment_webhooks_total", "Webhooks received, by outcome.", ["outcome"]),
    },
    accounts: {
      logins: counter("fastpass_logins_total", "Login attempts, by outcome.", ["outcome"]),
      hashQueue: gauge("fastpass_password_hash_queue", "Password hashes waiting or running."),
    },
    seats: {
      projectionLagSeconds: histogram(
        "fastpass_seat_projection_lag_seconds",
        "From a seat transition to its place in the availability copy, in seconds.",
        LAG,
      ),
      states: watched("fastpass_seats", "Seats of the performances whose map this process keeps, by state.", [
        "state",
      ]),
      feedMessages: counter("fastpass_seat_feed_messages_total", "Availability deltas published."),
      repairs: counter(
        "fastpass_seat_copy_repairs_total",
        "Availability copies built because there was none, or put right, by cause.",
        ["cause"],
      ),
    },
    postgres: {
      pool: watched(
        "fastpass_postgres_pool_connections",
        "Connections of the pool: used, or free to be used.",
        ["state"],
      ),
      waiting: watched("fastpass_postgres_pool_waiting", "Callers that wait for a connection of the pool."),
    },
    redis: {
      roundTripSeconds: histogram(
        "fastpass_redis_round_trip_seconds",
        "Time from a command to its answer on the connection for commands, in seconds.",
        ROUND_TRIP,
      ),
      scriptSeconds: histogram(
        "fastpass_script_seconds",
        "Time of a Lua script as its caller sees it, in seconds.",
        ROUND_TRIP,
        ["script"],
      ),
    },
    jobs: {
      outcomes: counter("fastpass_jobs_total", "Runs of delayed jobs: done, put_off or failed.", [
        "queue",
        "outcome",
      ]),
      latenessSeconds: histogram(
        "fastpass_job_lateness_seconds",
        "From a delayed job's due time to its run, in seconds.",
        LAG,
        ["queue"],
      ),
    },
  };
}
