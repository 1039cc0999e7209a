/** What stands before a load test begins: a performance on sale, fans with accounts, and perhaps a turn for each. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createAccountAdministration } from "../../src/auth/index.ts";
import { openDatabase } from "../../src/platform/postgres.ts";
import { type Call, createCall } from "../bench/house/api.ts";
import type { OwnHouse } from "../house.ts";
import { MOST_SEATS, type Scenario, type Show, type Size } from "./scenarios.ts";

export interface Stage {
  /** The folder that `k6/lib/stage.ts` reads. */
  readonly folder: string;
  readonly performanceId: string;
  readonly queueId: string;
}

interface Fan {
  readonly token: string;
  pass?: string;
}

export interface Facts {
  readonly name: string;
  readonly judgeSpeed: boolean;
  readonly resultFile: string;
  readonly size: Size;
}

const OPENED_AGO_MS = 120_000;
const STARTS_IN_MS = 30 * 86_400_000;
const AT_ONCE = 32;
const TURN_WITHIN_MS = 120_000;

export async function setStage(house: OwnHouse, scenario: Scenario, facts: Facts): Promise<Stage> {
  const call = createCall(Number(house.addresses[0]?.port));
  const production = await putOnSale(house, call, scenario.show(facts.size));
  const fans = await makeFans(house, scenario.fans(facts.size));
  if (scenario.inside) await letIn(call, production.queueId, fans);
  const write = (file: string, content: unknown) =>
    // It opens accounts, so it is for its owner alone.
    writeFile(path.join(house.place, file), JSON.stringify(content), { mode: 0o600 });
  const urls = house.addresses.map(({ origin }) => origin);
  const { seatIds, ...ids } = production;
  await Promise.all([
    write("facts.json", { ...facts, ...ids, urls }),
    write("fans.json", fans),
    write("seats.json", seatIds),
  ]);
  return { folder: house.place, ...ids };
}

interface Layout {
  readonly sections: readonly {
    readonly rows: readonly { readonly seats: readonly { readonly id: string }[] }[];
  }[];
}

async function putOnSale(house: OwnHouse, call: Call, { rows, seatsPerRow, holdSeconds, queue }: Show) {
  const { accessToken } = await call<{ accessToken: string }>("POST", "/auth/login", house.operator);
  const event = await call<{ id: string }>(
    "POST",
    "/operator/events",
    { title: "Load Test", venue: "Everywhere" },
    accessToken,
  );
  const made = await call<{ id: string; queueId: string }>(
    "POST",
    `/operator/events/${event.id}/performances`,
    {
      startsAt: new Date(Date.now() + STARTS_IN_MS).toISOString(),
      currency: "KRW",
      holdSeconds,
      maxSeatsPerFan: MOST_SEATS,
      sections: [{ name: "Floor", rows, seatsPerRow, amount: 1_000 }],
      queue: { ...queue, opensAt: new Date(Date.now() - OPENED_AGO_MS).toISOString() },
    },
    accessToken,
  );
  const { sections } = await call<Layout>("GET", `/performances/${made.id}/layout`);
  const seatIds = sections.flatMap((section) =>
    section.rows.flatMap(({ seats }) => seats.map(({ id }) => id)),
  );
  return { eventId: event.id, performanceId: made.id, queueId: made.queueId, seatIds };
}

async function makeFans({ config }: OwnHouse, count: number): Promise<Fan[]> {
  const db = openDatabase(config.databaseUrl, 2, "fastpass-k6-fans");
  try {
    // Fans in bulk are never made in production; this one lives for minutes, and the keys are the same.
    const { makeFans: make } = createAccountAdministration(db, { ...config, environment: "test" });
    const fans: Fan[] = [];
    for await (const batch of make(count)) fans.push(...batch.map(({ accessToken: token }) => ({ token })));
    return fans;
  } finally {
    await db.destroy();
  }
}

/** Every fan joins and claims, so that the run measures nothing but what comes after. */
async function letIn(call: Call, queueId: string, fans: readonly Fan[]): Promise<void> {
  const left = [...fans];
  const usher = async () => {
    for (let fan = left.pop(); fan; fan = left.pop()) {
      await call("POST", `/queues/${queueId}/tickets`, {}, fan.token);
      fan.pass = await claim(call, queueId, fan.token);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, usher));
}

async function claim(call: Call, queueId: string, token: string): Promise<string> {
  const deadline = performance.now() + TURN_WITHIN_MS;
  for (;;) {
    try {
      return (await call<{ pass: string }>("POST", `/queues/${queueId}/tickets/me/claim`, undefined, token))
        .pass;
    } catch (fault) {
      // Still in line.
      if (!(fault as Error).message.includes("NOT_ADMITTED") || performance.now() > deadline) throw fault;
      await sleep(100);
    }
  }
}
