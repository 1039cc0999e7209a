/** One queue's real scripts in virtual time, driven by hand: what the tests of single scripts build on. */
import { v7 as uuidv7 } from "uuid";
import { checkJournal } from "../../src/queue/checker.ts";
import { Code } from "../../src/queue/codes.ts";
import { keyOf } from "../../src/queue/keys.ts";
import type { ViewOutcome } from "../../src/queue/line-store.ts";
import type { NewQueueSettings, QueuePatch } from "../../src/queue/settings.ts";
import type { RawView, StateLetter } from "../../src/queue/view.ts";
import { eventually } from "../support/wait.ts";
import { createRandom } from "./simulation/random.ts";
import { BEGINNING, createWorld } from "./simulation/world.ts";
import { newFan, type QueueHouse } from "./support.ts";

export type Lab = Awaited<ReturnType<typeof openLab>>;

const GATEWAY = "g";

/** A queue that opened a minute ago, unless the settings say otherwise. */
export async function openLab(house: QueueHouse, settings: Partial<NewQueueSettings> = {}) {
  const world = await createWorld(house, createRandom(1), { opensAt: instant(-60), ...settings });
  const { store, queueId, redis, db, queue } = world;
  await store.heartbeat(queueId, GATEWAY, true);

  const codeOf = (outcome: ViewOutcome): Code =>
    outcome.ok ? (outcome.isNew ? Code.ok : Code.existing) : outcome.code;

  /** Whether pages confirm their admissions. */
  let confirms = true;
  let confirmed: ReadonlySet<string> = new Set();

  async function beat(): Promise<void> {
    await world.journal(await world.tick(), null);
    if (!confirms) return;
    const arriving = await redis.zrange(keyOf(queueId, "arriving"), "0", "-1");
    const fresh = arriving.filter((userId) => !confirmed.has(userId));
    confirmed = new Set(arriving);
    if (fresh.length > 0) await store.delivered(queueId, fresh);
  }

  return {
    ...world,
    beat,
    GATEWAY,
    confirmNothing(): void {
      confirms = false;
    },
    check: () => checkJournal(db, queueId),

    /** Lets time pass in ticks of a quarter second, with the gateway alive. */
    async run(seconds: number): Promise<void> {
      for (let passed = 0; passed < seconds; passed += 0.25) {
        if (passed % 2 === 0) await store.heartbeat(queueId, GATEWAY, true);
        await world.pass(250_000);
        await beat();
      }
    },

    async passSeconds(seconds: number): Promise<void> {
      await world.pass(seconds * 1_000_000);
      await store.heartbeat(queueId, GATEWAY, true);
    },

    /** @returns what the script answered; the ticket's view is there unless it refused. */
    async join(userId: string = newFan(), codeHash = "") {
      const ticketId = uuidv7();
      const outcome = await store.join(queueId, userId, ticketId, codeHash, GATEWAY);
      const view = outcome.ok ? outcome.view : null;
      return { userId, ticketId: view?.ticketId ?? ticketId, code: codeOf(outcome), view };
    },

    /** Fans who have joined one after the other. */
    async crowd(size: number): Promise<{ userId: string; ticketId: string }[]> {
      const fans = Array.from({ length: size }, () => ({ userId: newFan(), ticketId: uuidv7() }));
      // Not more at once than are answered within the deadline of a command.
      for (let start = 0; start < size; start += 1_000) {
        const batch = fans.slice(start, start + 1_000);
        await Promise.all(
          batch.map(({ userId, ticketId }) => store.join(queueId, userId, ticketId, "", GATEWAY)),
        );
      }
      return fans;
    },

    async viewOf(userId: string): Promise<RawView> {
      const outcome = await store.attach(queueId, userId, "");
      if (!outcome.ok) throw new Error(`there is no ticket, code ${outcome.code}`);
      return outcome.view;
    },

    /** States as the packed tickets have them, committed or not. */
    async states(fans: readonly { userId: string }[]): Promise<StateLetter[]> {
      const packed = await redis.hmget(keyOf(queueId, "tickets"), ...fans.map(({ userId }) => userId));
      return packed.map((ticket) => (ticket ?? "").split("|")[2] as StateLetter);
    },

    async patch(change: QueuePatch): Promise<void> {
      const outcome = await db.transaction((trx) =>
        queue.changeSettings(trx, queueId, change, undefined, "operator"),
      );
      if (!outcome.ok) throw new Error(outcome.reason);
      await queue.apply(queueId);
    },

    async setPaused(paused: boolean): Promise<void> {
      await db.transaction((trx) => queue.setPaused(trx, queueId, paused, "operator"));
      await queue.apply(queueId);
    },

    async closeQueue(): Promise<void> {
      await db.transaction((trx) => queue.close(trx, queueId, "operator"));
      await queue.apply(queueId);
    },

    seats: (available: number, held = 0) =>
      store.reportSeats(queueId, { available, held, occupied: 0, blocked: 0 }),

    /** The journal's kinds of a ticket, or of all, in order; `expire` and `end` with their reasons. */
    async kinds(ticketId?: string): Promise<string[]> {
      const rows = await db("queue_journal")
        .where({ queue_id: queueId, ...(ticketId ? { ticket_id: ticketId } : {}) })
        .orderBy("number")
        .select("kind", db.raw("data->>'reason' AS reason"));
      return rows.map(({ kind, reason }) =>
        kind === "expire" || kind === "end" ? `${kind} ${reason}` : kind,
      );
    },

    /** Waits until so many accounts have a ticket. */
    whenHandedIn: (tickets: number) =>
      eventually(async () => (await redis.hlen(keyOf(queueId, "tickets"))) === tickets, {
        what: `${tickets} tickets`,
      }),

    count: (name: string) => redis.zcard(keyOf(queueId, name)),
    stateField: (field: string) => redis.hget(keyOf(queueId, "state"), field),
  };
}

/** Seconds from the beginning of the lab's time, as settings take it. */
export function instant(seconds: number): string {
  return new Date(BEGINNING / 1_000 + seconds * 1_000).toISOString();
}
