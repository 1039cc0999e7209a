/** What an on-call person sees of a small on-sale: every metric that should move does, and a hold can be followed. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { SpanLine } from "../../scripts/k6/spans.ts";
import { type House, openHouse } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const HOLD_SECONDS = 5;
/** The sweeper looks once a second and is now and then at a lapsed hold before its job. */
const LAPSES = 5;

/** Of the contract, and what the boards and alerts live on; a buckets' count for a histogram. */
const MOVING = [
  "fastpass_queue_waiting",
  "fastpass_queue_active",
  "fastpass_queue_admitted_total",
  "fastpass_queue_left_total",
  "fastpass_queues_limited",
  "fastpass_admission_tick_seconds_count",
  "fastpass_queue_journal_seconds_count",
  "fastpass_position_updates_total",
  "fastpass_ws_connections",
  "fastpass_ws_closed_total",
  "fastpass_reservations_total",
  "fastpass_hold_release_lag_seconds_count",
  "fastpass_hold_released_total",
  "fastpass_lock_wait_seconds_count",
  "fastpass_lock_attempts_total",
  "fastpass_payments_total",
  "fastpass_logins_total",
  "fastpass_seats",
  "fastpass_seat_projection_lag_seconds_count",
  "fastpass_seat_feed_messages_total",
  "fastpass_seat_copy_repairs_total",
  "fastpass_job_lateness_seconds_count",
  "fastpass_jobs_total",
  "fastpass_postgres_pool_connections",
  "fastpass_redis_round_trip_seconds_count",
  "fastpass_script_seconds_count",
  "http_request_duration_seconds_count",
  "nodejs_eventloop_lag_p99_seconds",
];

describe("contract · observed", function () {
  this.timeout(60_000);
  let house: House;
  let folder: string;
  let spansFile: string;
  /** A seat is held and given back. */
  let change: () => Promise<void>;
  /** The highest that each metric was seen at, all its labels summed up. */
  const seen = new Map<string, number>();
  let requestId = "";

  async function look(): Promise<string> {
    const { text } = await house.client.at("GET", "/metrics");
    const sums = new Map<string, number>();
    for (const [, name = "", value] of text.matchAll(/^(\w+)(?:\{[^}]*\})? (\S+)/gm))
      sums.set(name, (sums.get(name) ?? 0) + Number(value));
    for (const [name, sum] of sums) seen.set(name, Math.max(sum, seen.get(name) ?? 0));
    return text;
  }

  /** Waits until so many holds have lapsed. @returns how many of them by their jobs. */
  async function lapsed(count: number): Promise<number> {
    const released = async () => {
      const found = [...(await look()).matchAll(/^fastpass_hold_released_total\{by="(\w+)"\} (\d+)/gm)];
      const by = (who: string) => Number(found.find(([, name]) => name === who)?.[2] ?? 0);
      return by("job") + by("sweeper") >= count && { byJob: by("job") };
    };
    return (await eventually(released, { timeoutMs: 20_000, what: "the lapse of the hold" })).byJob;
  }

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "fast-pass-spans-"));
    spansFile = path.join(folder, "spans.jsonl");
    house = await openHouse({ together: true, environment: { FASTPASS_TRACES: `file:${spansFile}` } });
    const small = await house.makeShow({ queue: { maxActive: 1 } });
    const show = await house.makeShow({ performance: { holdSeconds: HOLD_SECONDS } });
    const [first, second, third, buyer, loser] = await house.fans(5);
    if (!first || !second || !third || !buyer || !loser) throw new Error("no fans");
    await house.enter(first, small);
    const waits = (await house.join(second, small)).body;
    const follower = house.stream(`/ws/v1/queues/${small.queueId}`, waits.ticket);
    await follower.next("position");
    const [inside, other] = [await house.enter(buyer, show), await house.enter(loser, show)];
    const seat = (ordinal: number) => ({ seatIds: [show.seatIds[ordinal]] });
    const holdFollowed = async (number: number) => {
      requestId = `the-hold-that-is-followed-${number}`;
      await house.hold(other, seat(0), { expect: 201, headers: { "X-Request-Id": requestId } });
    };
    await holdFollowed(1);
    await house.hold(inside, seat(0), { expect: 409 });
    const bought = await house.hold(inside, seat(1), { expect: 201 });
    await house.pay(buyer, bought.body.id);
    change = async () => {
      const held = await house.hold(other, seat(2), { expect: 201 });
      const path = `/reservations/${held.body.id}`;
      await house.client.api("DELETE", path, { token: loser.token, expect: 204 });
    };
    await look();
    await house.leave(second, small);
    await follower.ended();
    for (let number = 1; (await lapsed(number)) === 0; number += 1) {
      if (number === LAPSES) throw new Error("no hold was ended by its job");
      await holdFollowed(number + 1);
    }
  });
  after(async () => {
    await house?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("metrics · after an on-sale · have moved, each that should", async () => {
    const still = () => MOVING.filter((name) => !((seen.get(name) ?? 0) > 0));
    // Some tell of what happens behind the answers, and a change that a check of the copy finds is told by none.
    const moved = async () => {
      await change();
      return (await look()) && still().length === 0;
    };
    await eventually(moved, { timeoutMs: 12_000, intervalMs: 300, what: "all metrics" }).catch(() =>
      expect(still()).to.deep.equal([]),
    );
  });

  it("metrics · whatever their labels · say nothing that a client chose", async () => {
    const text = await look();
    const values = new Set([...text.matchAll(/\w+="([^"]*)"/g)].map(([, value]) => value as string));
    const ids = [...values].filter((value) => /[0-9a-f]{8}-[0-9a-f]{4}|@|eyJ/.test(value));
    expect(ids).to.deep.equal([]);
  });

  it("a hold · traced · is followed from the request through lock, SQL and job to the release", async () => {
    const isRoot = ({ attributes }: Attributed) => attributes.requestId === requestId;
    const isJob = ({ name }: SpanLine) => name === "job hold-expiry";
    const spans = await eventually(
      async () => {
        const text = await readFile(spansFile, "utf8");
        const lines: Attributed[] = text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line));
        const traceId = lines.find(isRoot)?.traceId;
        return lines.some((line) => isJob(line) && line.traceId === traceId) && lines;
      },
      { timeoutMs: 10_000, what: "the span of the job" },
    );
    const root = spans.find(isRoot);
    expect(root?.name).to.equal("POST /api/v1/performances/:performanceId/reservations");
    const mine = spans.filter(({ traceId }) => traceId === root?.traceId);
    const names = mine.map(({ name }) => name);
    expect(names).to.include.members([
      "script use_slot",
      "lock",
      "transaction",
      "sql take-group",
      "sql COMMIT",
      "unlock",
      "job added",
      "job hold-expiry",
      "sql end-reservations",
    ]);
    const byId = new Map(mine.map((span) => [span.spanId, span]));
    const above = (span: SpanLine | undefined): string[] => {
      const parent = span && byId.get(span.parentSpanId ?? "");
      return parent ? [parent.name, ...above(parent)] : [];
    };
    expect(above(mine.find(({ name }) => name === "sql take-group"))).to.deep.equal([
      "transaction",
      "hold",
      root?.name,
    ]);
    expect(above(mine.find(({ name }) => name === "sql end-reservations"))).to.deep.equal([
      "transaction",
      "job hold-expiry",
      "job added",
      root?.name,
    ]);
  });

  it("spans · whatever they are of · carry no value that was sent", async () => {
    const text = await readFile(spansFile, "utf8");
    expect(text).to.not.match(/eyJ|@|\?/);
  });
});

type Attributed = SpanLine & { readonly attributes: Readonly<Record<string, unknown>> };
