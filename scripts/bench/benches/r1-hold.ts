/** R1, R4: holding seats that nobody else wants, whole, against its transaction alone and against Express that counts. */
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { measureStreams, type StreamSide } from "../frame/http-row.ts";
import { openCounter } from "../house/counter.ts";
import { type Gateway, type House, openHouse } from "../house/index.ts";
import { holdPlan, type InsideShow, openInside } from "../house/insiders.ts";
import { encodeRequests } from "../load/requests.ts";

const CONNECTIONS = 50;
const POOL = 10;
const HOLDS_A_SECOND = 2_000;
/** What a fan may have is 20; the last ones are left for luck. */
const SEATS_A_FAN = 15;
const SEATS_A_ROW = 100;
const MOST_SEATS = 50_000;

export const R1: Bench = { id: "R1", name: "hold", run: (context) => run(context, "R1") };
export const R4: Bench = { id: "R4", name: "hold-counted", run: (context) => run(context, "R4") };

async function run(context: BenchContext, id: "R1" | "R4"): Promise<Row[]> {
  const house = await openHouse(context, { FASTPASS_DATABASE_POOL: String(POOL), FASTPASS_LIMITS: "off" });
  const gateway = await house.startGateway();
  await house.startWorker();
  const show = await openShow(context, house, gateway);
  const rest = { connections: CONNECTIONS, ours: oursOf(context, gateway, show) };
  if (id === "R1") {
    return [
      await measureStreams(context, {
        id,
        what: "hold, whole (pass, slot, Redlock, transaction, job, feed) ÷ bare Express with the same transaction",
        goal: { kind: "at least", value: 0.6 },
        baseline: await bareOf(context, house, await openShow(context, house, gateway)),
        ...rest,
      }),
    ];
  }
  const counter = await openCounter(context, house.redisUrl);
  return [
    await measureStreams(context, {
      id,
      what: "hold on distinct seats, 50 connections ÷ bare Express POST with one INCR",
      goal: { kind: "at least", value: 0.3 },
      baseline: { server: counter.child, expected: 201, plan: async () => counter.plan },
      ...rest,
    }),
  ];
}

/** Seats for every part of the run, and fans enough for them. */
async function openShow(context: BenchContext, house: House, gateway: Gateway): Promise<InsideShow> {
  const wanted = Math.ceil(context.seconds * HOLDS_A_SECOND) * (context.rounds + 1);
  const rows = Math.ceil(Math.min(wanted, MOST_SEATS) / SEATS_A_ROW);
  const fans = Math.ceil((rows * SEATS_A_ROW) / SEATS_A_FAN);
  return openInside(context, house, gateway, fans, { rows, seatsPerRow: SEATS_A_ROW });
}

/** The seats of one part of the run after the other: each is held once. */
function seatsInTurn({ seatIds }: InsideShow, { rounds }: BenchContext): () => number[] {
  const each = Math.floor(seatIds.length / (rounds + 1));
  let next = 0;
  return () => {
    const from = next;
    next += each;
    return Array.from({ length: each }, (_, index) => from + index);
  };
}

function oursOf(context: BenchContext, { child, port }: Gateway, show: InsideShow): StreamSide {
  const nextSeats = seatsInTurn(show, context);
  const fanOf = (ordinal: number) =>
    show.insiders[ordinal % show.insiders.length] as (typeof show.insiders)[number];
  return {
    server: child,
    expected: 201,
    plan: async () => {
      const plans = nextSeats().map((ordinal) => holdPlan(show, fanOf(ordinal), ordinal));
      return { port, requests: encodeRequests(plans), repeat: false };
    },
  };
}

async function bareOf(context: BenchContext, house: House, show: InsideShow): Promise<StreamSide> {
  const server = await context.start("bare-sql");
  const port = await server.ask<number>("start", { databaseUrl: house.databaseUrl, poolSize: POOL });
  const nextSeats = seatsInTurn(show, context);
  const { performanceId, insiders } = show;
  return {
    server,
    expected: 201,
    plan: async () => {
      const plans = nextSeats().map((ordinal) => {
        const userId = insiders[ordinal % insiders.length]?.userId;
        return {
          method: "POST",
          path: "/holds",
          body: { performanceId, userId, ticketId: userId, ordinal },
        } as const;
      });
      return { port, requests: encodeRequests(plans), repeat: false };
    },
  };
}
