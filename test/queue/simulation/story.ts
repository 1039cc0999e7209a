/**
 * One simulated on-sale: random fans, random operators, random disasters, all from one seed.
 *
 * Every choice comes from the seed's generator and every step waits for the one before, so a story can be told again.
 */

import type { LoadOptions } from "../../../src/platform/scripts.ts";
import type { Violation } from "../../../src/queue/checker.ts";
import { Code } from "../../../src/queue/codes.ts";
import { foldJournal } from "../../../src/queue/fold.ts";
import { readJournal } from "../../../src/queue/journal.ts";
import { keyOf } from "../../../src/queue/keys.ts";
import type { LocalFan } from "../../../src/queue/local-line.ts";
import type { EarlierTicket } from "../../../src/queue/lost-tickets.ts";
import type { QueuePatch } from "../../../src/queue/settings.ts";
import type { StateLetter } from "../../../src/queue/view.ts";
import type { QueueHouse } from "../support.ts";
import type { SimGateway } from "./gateway.ts";
import { createRandom, type Random } from "./random.ts";
import { BEGINNING, createWorld, type World } from "./world.ts";

export interface StoryOptions {
  readonly seed: number;
  readonly fans: number;
  readonly ticks: number;
  /** Times as many deeds in each tick. */
  readonly bustle?: number;
  readonly scripts?: LoadOptions;
}

export interface StoryEnd {
  readonly violations: readonly Violation[];
  /** The journal's head: equal for two tellings of one story. */
  readonly head: string;
  readonly entries: number;
  readonly admitted: number;
  readonly places: number;
  readonly epochs: number;
}

interface Fan {
  readonly userId: string;
  ticketId: string | null;
  /** All that were ever signed for this fan. */
  tickets: EarlierTicket[];
  fence: number;
  /** Never claims. */
  readonly isNoShow: boolean;
  pages: SimGateway[];
}

const SECOND = 1_000_000;
const STEP = 250_000;

export async function tellStory(house: QueueHouse, options: StoryOptions): Promise<StoryEnd> {
  const random = createRandom(options.seed);
  const iso = (seconds: number) => new Date(BEGINNING / 1_000 + seconds * 1_000).toISOString();
  const hasLobby = random.chance(0.5);
  // In a calm story nothing goes wrong and the rate alone binds, for minutes.
  const isCalm = random.chance(0.2);
  const world = await createWorld(
    house,
    random,
    {
      lobbyOpensAt: hasLobby ? iso(1) : null,
      opensAt: iso(hasLobby ? 8 : 2),
      ratePerMinute: isCalm ? random.between(60, 200) : random.between(60, 3_000),
      maxActive: isCalm ? 1_000 : random.between(5, 150),
      arrivalSeconds: random.between(5, 20),
      sessionSeconds: random.between(20, 60),
      graceSeconds: random.between(5, 20),
    },
    options.scripts,
  );
  try {
    const story = createStory(world, random, { ...options, isCalm });
    for (let index = 0; index < options.ticks; index += 1) await story.step(index);
    await story.finale();
    const violations = [...(await world.check()), ...(await compareWithJournal(world))];
    const row = await world.row();
    const admissions = await world
      .db("queue_journal")
      .where({ queue_id: world.queueId, kind: "admit" })
      .pluck("number");
    return {
      violations,
      head: row.journalHead.toString("hex"),
      entries: row.journalLength,
      admitted: admissions.length,
      places: world.observations.length,
      epochs: row.epoch,
    };
  } finally {
    await world.close();
  }
}

function createStory(
  world: World,
  random: Random,
  { fans: size, ticks, bustle = 1, isCalm }: StoryOptions & { isCalm: boolean },
) {
  const { store, queueId, gateways, observations } = world;
  const fans: Fan[] = Array.from({ length: size }, () => ({
    userId: random.uuid(),
    ticketId: null,
    tickets: [],
    fence: 0,
    isNoShow: random.chance(0.15),
    pages: [],
  }));
  let silentUntil = 0;
  let databaseOffUntil = 0;
  let restoreAt = Number.POSITIVE_INFINITY;
  let loseAt = Number.POSITIVE_INFINITY;

  const fanAt = () => random.pick(fans) as Fan;
  const memoryOf = (fan: Fan) => fan.pages[0]?.line.fans.get(fan.userId);

  function signed(fan: Fan, { ticketId, sequence, epoch, lane }: LocalFan): void {
    fan.ticketId = ticketId;
    fan.tickets.push({ ticketId, sequence, epoch, lane });
  }

  // What fans do ------------------------------------------------------------------------------------------------
  async function join(fan: Fan): Promise<void> {
    const gateway = random.pick(gateways) as SimGateway;
    const place = await gateway.join(
      fan.userId,
      random.uuid(),
      random.chance(0.2) ? world.codeAt(random) : "",
      random.chance(0.5) ? random.pick(fan.tickets) : fan.tickets.at(-1),
    );
    if (!place) return;
    signed(fan, place);
    if (!fan.pages.includes(gateway)) fan.pages.push(gateway);
  }

  async function open(fan: Fan): Promise<void> {
    const gateway = random.pick(gateways) as SimGateway;
    const place = await gateway.attach(fan.userId);
    if (!place) return;
    signed(fan, place);
    if (!fan.pages.includes(gateway)) fan.pages.push(gateway);
  }

  async function closePages(fan: Fan): Promise<void> {
    for (const gateway of fan.pages) await gateway.leavePage([fan.userId]);
    fan.pages = [];
  }

  async function leave(fan: Fan): Promise<void> {
    if (fan.ticketId === null) return;
    await store.leave(queueId, fan.userId, fan.ticketId, "left", {});
    if (random.chance(0.3)) await join(fan);
    if (random.chance(0.3)) await closePages(fan);
  }

  async function claim(fan: Fan): Promise<void> {
    const answer = await store.claim(queueId, fan.userId);
    if (answer.code !== Code.ok) return;
    fan.fence = answer.fence;
    await world.notePass(answer.ticketId, answer.fence);
    await store.keepPass(queueId, fan.userId, answer.ticketId, "pass");
  }

  async function shop(fan: Fan): Promise<void> {
    if (fan.ticketId === null) return;
    const used = await store.useSlot(queueId, fan.userId, fan.ticketId, fan.fence, 10);
    if (used !== Code.ok) return;
    const until = random.chance(0.7) ? new Date((await world.now()) / 1_000 + 10_000) : null;
    await store.setHold(queueId, fan.userId, fan.ticketId, until);
    if (random.chance(0.6)) await store.endSession(queueId, fan.userId, fan.ticketId, "purchased");
  }

  const DEEDS: readonly [number, (fan: Fan) => Promise<void>][] = [
    [30, join],
    [8, open],
    [6, closePages],
    [3, leave],
    [3, claim],
    [6, shop],
  ];
  const weight = DEEDS.reduce((sum, [each]) => sum + each, 0);

  async function act(): Promise<void> {
    let left = random.next() * weight;
    for (const [each, deed] of DEEDS) {
      left -= each;
      if (left <= 0) {
        await deed(fanAt());
        return;
      }
    }
  }

  /** Fans who know that they are admitted come in, most of them at once. */
  async function arrive(): Promise<void> {
    for (const fan of fans) {
      const memory = memoryOf(fan);
      if (memory?.state === "A" && !fan.isNoShow && random.chance(0.4)) await claim(fan);
    }
  }

  /** Fans at the front try their luck before they were told. */
  async function rush(): Promise<void> {
    for (const fan of fans) {
      const memory = memoryOf(fan);
      if (memory?.state === "W" && memory.rank >= 0 && memory.rank < 8) await claim(fan);
    }
  }

  // What operators do -------------------------------------------------------------------------------------------
  async function control(): Promise<void> {
    const { queue, db } = world;
    const patch = async (change: QueuePatch) => {
      await db.transaction((trx) => queue.changeSettings(trx, queueId, change, undefined, "operator"));
    };
    const choice = random.between(0, 10);
    if (choice === 10)
      await patch({
        mode: random.chance(0.7) ? "auto" : "fixed",
        minRatePerMinute: 60,
        maxRatePerMinute: random.between(60, 3_000),
      });
    else if (choice <= 1) await db.transaction((trx) => queue.setPaused(trx, queueId, true, "operator"));
    else if (choice <= 4) await db.transaction((trx) => queue.setPaused(trx, queueId, false, "operator"));
    else if (choice <= 6) await patch({ ratePerMinute: random.between(60, 3_000) });
    else if (choice === 7) await patch({ maxActive: random.between(5, 150) });
    else if (choice === 8)
      await patch({ arrivalSeconds: random.between(5, 20), graceSeconds: random.between(5, 20) });
    else await moveOpening();
    if (random.chance(0.9)) await queue.apply(queueId);
  }

  async function moveOpening(): Promise<void> {
    const opensAt = new Date((await world.now()) / 1_000 + random.between(-20, 5) * 1_000).toISOString();
    const lobbyOpensAt = random.chance(0.5) ? new Date(BEGINNING / 1_000).toISOString() : null;
    await world.db.transaction((trx) =>
      world.queue.changeSettings(trx, queueId, { opensAt, lobbyOpensAt }, undefined, "operator"),
    );
  }

  async function bar(): Promise<void> {
    const fan = fanAt();
    if (fan.ticketId === null) return;
    await store.leave(queueId, fan.userId, fan.ticketId, "removed", { by: "operator", reason: "test" });
    if (random.chance(0.7)) await store.readmit(queueId, fan.userId, fan.ticketId, { by: "operator" });
  }

  async function seats(): Promise<void> {
    const available = random.chance(0.1) ? 0 : random.between(0, 2_000);
    const held = available === 0 && random.chance(0.3) ? 0 : random.between(0, 50);
    await store.reportSeats(queueId, { available, held, occupied: 10, blocked: 0 });
  }

  async function holds(): Promise<void> {
    const total = random.between(0, 40);
    const share = (most: number) => (random.chance(0.3) ? random.between(0, most) : 0);
    const { id } = random.pick(gateways) as SimGateway;
    await store.reportHolds(queueId, id, {
      total,
      slow: share(total),
      failed: share(3),
      crowded: share(total),
    });
  }

  // What goes wrong ---------------------------------------------------------------------------------------------
  async function disaster(index: number): Promise<void> {
    const choice = random.between(0, 9);
    if (choice === 0) await world.loseAll();
    else if (choice <= 2 && !world.hasSnapshot) {
      await world.takeSnapshot();
      restoreAt = index + random.between(1, 8);
    } else if (choice === 3) await world.pass(random.between(-20, 20) * SECOND);
    else if (choice === 4) await crashGateway();
    else if (choice === 5) silentUntil = (await world.now()) + random.between(4, 12) * SECOND;
    else if (choice === 6) {
      databaseOffUntil = index + random.between(4, 24);
      if (random.chance(0.5)) loseAt = databaseOffUntil;
    } else if (choice === 7) await world.pass(random.between(2, 8) * SECOND);
    // A worker remembers how far Redis had come; should all be lost with it, an uncommitted end is nobody's.
    else if (!world.hasSnapshot) world.changeWorker();
  }

  async function trouble(index: number): Promise<void> {
    if (random.chance(0.03)) await control();
    if (random.chance(0.02)) await bar();
    if (random.chance(0.02)) await seats();
    if (random.chance(0.1)) await holds();
    if (random.chance(0.02)) await disaster(index);
    if (index >= restoreAt) {
      restoreAt = Number.POSITIVE_INFINITY;
      await world.loseSince();
    }
    if (index >= loseAt) {
      loseAt = Number.POSITIVE_INFINITY;
      await world.loseAll();
    }
  }

  async function crashGateway(): Promise<void> {
    if (gateways.length === 0) return;
    const index = random.between(0, gateways.length - 1);
    const lost = gateways[index];
    for (const fan of fans) fan.pages = fan.pages.filter((gateway) => gateway !== lost);
    await world.crashGateway(index);
  }

  // Time ----------------------------------------------------------------------------------------------------------
  async function beat(): Promise<void> {
    const at = await world.now();
    if (at < silentUntil) return;
    for (const gateway of gateways) {
      await store.heartbeat(queueId, gateway.id, true);
      gateway.heardBeatAt = at;
    }
  }

  function look(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const fan = fanAt();
      for (const gateway of fan.pages) {
        const place = gateway.placeOf(fan.userId);
        if (place) observations.push(place);
      }
    }
  }

  async function passTime(deeds: number): Promise<void> {
    let left = random.chance(0.9) ? STEP : random.between(100_000, 900_000);
    for (let index = 0; index < deeds; index += 1) {
      const part = Math.floor((left * random.next()) / (deeds - index));
      left -= part;
      await world.pass(part);
      await act();
    }
    await world.pass(left);
  }

  async function step(index: number): Promise<void> {
    if (gateways.length === 0) for (let each = 0; each < 3; each += 1) await world.openGateway();
    if (index % 8 === 0) await beat();
    await passTime(bustle * random.between(0, index < ticks / 3 ? 12 : 5));
    await arrive();
    if (!isCalm) await trouble(index);
    if (index % 16 === 0) await world.heal();
    const answer = await world.tick(random.chance(0.2) ? 100 : 0);
    if (random.chance(0.2)) await rush();
    const isAway = index < databaseOffUntil;
    const dies = !world.hasSnapshot && random.chance(0.02);
    if (random.chance(0.95)) {
      const drawSteps = answer.drawing > 0 ? random.between(0, 3) : 0;
      await world.journal(answer, isAway ? "away" : dies ? "dies" : null, drawSteps);
    }
    look(10);
  }

  return {
    step,

    /** Everything is put right again: whoever waits must get in, and all of it must be in the journal. */
    async finale(): Promise<void> {
      const { queue, db } = world;
      const opensAt = new Date((await world.now()) / 1_000 - 60_000).toISOString();
      const change = {
        opensAt,
        mode: "fixed",
        ratePerMinute: 60_000,
        maxActive: 100_000,
        arrivalSeconds: 3_600,
      } as const;
      await db.transaction((trx) => queue.setPaused(trx, queueId, false, "operator"));
      await db.transaction((trx) => queue.changeSettings(trx, queueId, change, undefined, "operator"));
      await queue.apply(queueId);
      for (let index = 0; index < 40; index += 1) {
        await store.reportSeats(queueId, { available: 100_000, held: 1, occupied: 0, blocked: 0 });
        if (index % 4 === 0) await beat();
        if (index === 8 || index === 24) for (const fan of fans) if (fan.ticketId) await open(fan);
        await world.pass(SECOND);
        await world.journal(await world.tick(), null);
        if (index === 12) await world.heal();
      }
    },
  };
}

/** What Redis holds must be what the journal adds up to, and nobody may be left waiting. */
async function compareWithJournal({ db, redis, queueId }: World): Promise<Violation[]> {
  const { places } = await foldJournal(readJournal(db, queueId));
  const wrong = (ticketId: string, detail: string): Violation => ({
    rule: "Redis",
    number: null,
    ticketId,
    detail,
  });
  const violations: Violation[] = [];
  const tickets = await redis.hgetall(keyOf(queueId, "tickets"));
  for (const [userId, { ticketId, state, sequence }] of places) {
    const [heldId, heldSequence, heldState] = (tickets[userId] ?? "").split("|");
    if (heldId !== ticketId || heldState !== state || Number(heldSequence) !== sequence)
      violations.push(wrong(ticketId, `Redis has ${tickets[userId]}, the journal ${state} at ${sequence}`));
    const waits: readonly StateLetter[] = ["L", "W", "R", "D"];
    if (waits.includes(state)) violations.push(wrong(ticketId, `is left over in state ${state}`));
  }
  if (Object.keys(tickets).length !== places.size)
    violations.push(
      wrong("", `Redis has ${Object.keys(tickets).length} tickets, the journal ${places.size}`),
    );
  for (const name of ["line0", "line1", "line2", "late", "deferred", "returned", "departing"]) {
    const left = await redis.zcard(keyOf(queueId, name));
    if (left > 0) violations.push(wrong("", `${name} still has ${left}`));
  }
  return violations.slice(0, 20);
}
