/**
 * The world of the simulation: one queue on real Redis and PostgreSQL in virtual time, with workers and gateways that
 * can be lost. What happens in it is decided elsewhere.
 */
import { createHash } from "node:crypto";
import { loadConfig } from "../../../src/config.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { createMetrics } from "../../../src/platform/metrics.ts";
import type { LoadOptions } from "../../../src/platform/scripts.ts";
import { checkJournal, type Observation, type Violation } from "../../../src/queue/checker.ts";
import { Code } from "../../../src/queue/codes.ts";
import { applyRow } from "../../../src/queue/controls.ts";
import { type Conductor, createConductor } from "../../../src/queue/draw/conductor.ts";
import { createJournaller, type Journaller } from "../../../src/queue/journaller.ts";
import { KEY_NAMES, keyOf } from "../../../src/queue/keys.ts";
import { createLineStore, type LineStore, type TickAnswer } from "../../../src/queue/line-store.ts";
import type { CommittedMessage } from "../../../src/queue/local-line.ts";
import { changeQueue, insertCodes, type QueueRow, readQueue } from "../../../src/queue/queue-store.ts";
import { rebuild } from "../../../src/queue/rebuild.ts";
import type { NewQueueSettings } from "../../../src/queue/settings.ts";
import type { OpenQueue, QueueHouse } from "../support.ts";
import { createSimGateway, type SimGateway } from "./gateway.ts";
import type { Random } from "./random.ts";
import { timeKey, virtualScripts } from "./scripts.ts";

/** When every simulation begins, microseconds. */
export const BEGINNING = Date.parse("2030-01-01T00:00:00Z") * 1_000;

const GATEWAY_SILENCE = 6_000_000;

class WorkerDied extends Error {}
class DatabaseAway extends Error {}

export type World = Awaited<ReturnType<typeof createWorld>>;

export async function createWorld(
  house: QueueHouse,
  random: Random,
  settings: Partial<NewQueueSettings>,
  scripts: LoadOptions = {},
) {
  const { db, redis } = house;
  const folder = virtualScripts(scripts);
  const open: OpenQueue = await house.openQueue(folder);
  const store = createLineStore(redis, folder);
  const drawSeed = createHash("sha256").update(random.uuid()).digest();
  const { queueId } = await house.newQueueRow(settings, drawSeed);
  await db("queues")
    .where({ id: queueId })
    .update({ created_at: new Date(BEGINNING / 1_000) });
  const clockKey = timeKey(keyOf(queueId, "state"));
  await redis.set(clockKey, BEGINNING);
  const codes = await openLanes();
  await rebuild(db, store, queueId, 0, async () => []);

  /** Two lanes for some; a code is good for a few. */
  async function openLanes(): Promise<readonly string[]> {
    const lanes = [
      { index: 1, name: "presale", share: 0.4 },
      { index: 2, name: "partners", share: 0.15 },
    ];
    const made = Array.from({ length: 60 }, (_, index) => ({
      hash: `code${index}`,
      lane: 1 + (index % 2),
      uses: 3,
    }));
    await db.transaction(async (trx) => {
      await changeQueue(trx, queueId, { lanes }, "operator");
      await insertCodes(trx, queueId, made);
    });
    return made.map(({ hash }) => hash);
  }

  const gateways: SimGateway[] = [];
  /** Crashed: Redis believes in them for a while. */
  const lost: SimGateway[] = [];
  const observations: Observation[] = [];
  /** What was seen to be wrong while it happened. */
  const faults: Violation[] = [];
  /** Whom a tick could count on and whom it could not, by its number; once committed it stays. */
  const presence = new Map<number, { here: Set<string>; perhaps: Set<string> }>();
  let committedTick = 0;
  let dying = false;
  let databaseAway = false;
  const flaky = new Proxy(db, {
    apply(target, self, args) {
      if (databaseAway) throw new DatabaseAway();
      return Reflect.apply(target, self, args);
    },
    get(target, key) {
      if (databaseAway) throw new DatabaseAway();
      return Reflect.get(target, key);
    },
  });
  let snapshot: Map<string, Buffer> | null = null;

  function newJournaller(): Journaller {
    return createJournaller({
      db: flaky,
      store: mortal,
      log: createLogger("test", "silent"),
      metrics: createMetrics(),
      liveHolds: async () => [],
      onCommitted: () => undefined,
    });
  }

  const mortal: LineStore = {
    ...store,
    async committed(id, done) {
      if (dying) throw new WorkerDied();
      const code = await store.committed(id, done);
      if (code === Code.ok && done.message !== "") await deliver(JSON.parse(done.message));
      return code;
    },
  };

  let journaller = newJournaller();
  let conductor = newConductor();

  function newConductor(): Conductor {
    const { drawKey } = loadConfig({
      DATABASE_URL: "postgres://x",
      REDIS_URL: "redis://x",
      NODE_ENV: "test",
    });
    const log = createLogger("test", "silent");
    return createConductor({ db: flaky, store, drawKey, beaconSource: "", beaconSeconds: 5, log });
  }

  /** As far as a draw gets before something else comes up. */
  async function conduct({ epoch, drawing }: TickAnswer, steps: number): Promise<void> {
    for (let left = steps; drawing > 0 && left > 0; left -= 1) {
      const waitMs = await conductor.step(queueId, { epoch, closedNumber: drawing });
      if (waitMs !== 0) return;
    }
  }

  async function deliver(message: CommittedMessage): Promise<void> {
    committedTick = Math.max(committedTick, message.ticks.at(-1)?.tick ?? 0);
    for (const gateway of gateways) {
      if (random.chance(0.97)) await receive(gateway, message);
    }
  }

  /** Most pages confirm what they are told of a turn, come or passed. */
  async function receive(gateway: SimGateway, message: CommittedMessage): Promise<void> {
    for (const { kind, fan } of await gateway.receive(message)) {
      if (!fan || !gateway.here.has(fan.userId) || random.chance(0.3)) continue;
      if (kind === "admit") await store.delivered(queueId, [fan.userId]);
      else if (kind === "defer") await gateway.attach(fan.userId);
    }
  }

  async function row(): Promise<QueueRow> {
    return (await readQueue(db, queueId)) as QueueRow;
  }

  async function now(): Promise<number> {
    return Number(await redis.get(clockKey));
  }

  async function openGateway(): Promise<SimGateway> {
    const gateway = createSimGateway(
      db,
      `g${gateways.length}x${random.uuid().slice(0, 8)}`,
      store,
      await row(),
      random.chance(0.7),
    );
    gateways.push(gateway);
    return gateway;
  }

  /** A gateway's word counts for six seconds; around that, and after a crash, nobody can say. */
  function notePresence(at: number, tick: number): void {
    if (tick <= committedTick) return;
    const here = new Set<string>();
    const perhaps = new Set<string>();
    for (const gateway of gateways) {
      const silent = at - gateway.heardBeatAt;
      for (const userId of gateway.here) (silent < GATEWAY_SILENCE - 500_000 ? here : perhaps).add(userId);
    }
    for (const { here: were } of lost) for (const userId of were) perhaps.add(userId);
    presence.set(tick, { here, perhaps });
  }

  return {
    queueId,
    queue: open.queue,
    db,
    redis,
    store,
    gateways,
    observations,
    row,
    now,
    openGateway,
    codeAt: (chance: Random): string => chance.pick(codes) as string,

    /** It dies without a word. */
    async crashGateway(index: number): Promise<void> {
      lost.push(...gateways.splice(index, 1));
      await openGateway();
    },

    /** Lets time pass, or jump. @returns the new time */
    pass: (micros: number): Promise<number> => redis.incrby(clockKey, Math.round(micros)),

    async tick(minIntervalMs = 0): Promise<TickAnswer> {
      const at = await now();
      const answer = await store.tick(queueId, minIntervalMs);
      if (answer.code === Code.ok) notePresence(at, answer.tick);
      return answer;
    },

    /**
     * @param trouble `dies`: the worker commits and dies before it can say so; `away`: PostgreSQL is.
     * @param drawSteps how many steps of a draw that is due are made.
     */
    async journal(
      answer: TickAnswer,
      trouble: "dies" | "away" | null,
      drawSteps = Number.POSITIVE_INFINITY,
    ): Promise<void> {
      dying = trouble === "dies";
      databaseAway = trouble === "away";
      try {
        await journaller.follow(queueId, answer);
        await conduct(answer, drawSteps);
      } catch (fault) {
        if (fault instanceof WorkerDied) this.changeWorker();
        else if (!(fault instanceof DatabaseAway)) throw fault;
      } finally {
        dying = false;
        databaseAway = false;
      }
    },

    /** Another worker takes over; the one before may come back with what it remembers. */
    changeWorker(): void {
      journaller = newJournaller();
      conductor = newConductor();
    },

    async heal(): Promise<void> {
      await applyRow(db, store, await row(), "heal");
    },

    /** Redis comes back empty. */
    async loseAll(): Promise<void> {
      await redis.del(...KEY_NAMES.map((name) => keyOf(queueId, name)));
    },

    async takeSnapshot(): Promise<void> {
      const copies = new Map<string, Buffer>();
      for (const name of KEY_NAMES) {
        const copy = await redis.dumpBuffer(keyOf(queueId, name));
        if (copy) copies.set(name, copy);
      }
      snapshot = copies;
    },

    /** Redis comes back as it was when the snapshot was taken. */
    async loseSince(): Promise<void> {
      if (!snapshot) return;
      await this.loseAll();
      for (const [name, copy] of snapshot) await redis.restore(keyOf(queueId, name), 0, copy);
      snapshot = null;
    },

    get hasSnapshot(): boolean {
      return snapshot !== null;
    },

    /** A pass was handed out: its admission must be in the journal by now. */
    async notePass(ticketId: string, fence: number): Promise<void> {
      observations.push({ kind: "pass", ticketId, fence });
      const row = await db("queue_journal")
        .where({ queue_id: queueId, ticket_id: ticketId, kind: "admit" })
        .first("number");
      if (!row)
        faults.push({ rule: "Q1", number: null, ticketId, detail: "has a pass before it is committed" });
    },

    async check(): Promise<Violation[]> {
      return [
        ...faults,
        ...(await checkJournal(db, queueId, observations)),
        ...(await checkPresence(db, queueId, presence)),
        ...(await checkPlacesDrawn(db, queueId)),
      ];
    },

    async close(): Promise<void> {
      await redis.del(clockKey, ...KEY_NAMES.map((name) => keyOf(queueId, name)));
      await open.close();
    },
  };
}

/** Passed over only while away, admitted from the line only while here: the journal alone can't tell. */
async function checkPresence(
  db: QueueHouse["db"],
  queueId: string,
  presence: ReadonlyMap<number, { here: Set<string>; perhaps: Set<string> }>,
): Promise<Violation[]> {
  const rows = await db("queue_journal")
    .where({ queue_id: queueId })
    .whereIn("kind", ["admit", "defer"])
    .whereRaw("data->>'direct' IS NULL AND data->>'undelivered' IS NULL")
    .orderBy("number")
    .select("number", "tick", "kind", "user_id", "ticket_id");
  return rows.flatMap(({ number, tick, kind, user_id: userId, ticket_id: ticketId }) => {
    const then = presence.get(tick);
    const isWrong =
      kind === "defer" ? then?.here.has(userId) : then && !then.here.has(userId) && !then.perhaps.has(userId);
    const detail = kind === "defer" ? "passed over while here" : "admitted while away";
    return isWrong ? [{ rule: "presence", number, ticketId, detail }] : [];
  });
}

/** Everybody drawn stands where the published order says; who had left stands nowhere. */
async function checkPlacesDrawn(db: QueueHouse["db"], queueId: string): Promise<Violation[]> {
  const parts: { ticket_ids: string[] }[] = await db("queue_draw_order")
    .where({ queue_id: queueId })
    .orderBy("part")
    .select("ticket_ids");
  const order = parts.flatMap(({ ticket_ids: ticketIds }) => ticketIds);
  const rows = await db("queue_journal")
    .where({ queue_id: queueId, kind: "draw" })
    .orderBy("number")
    .select("number", "ticket_id", "sequence");
  return rows.flatMap(({ number, ticket_id: ticketId, sequence }) =>
    order[sequence - 1] === ticketId
      ? []
      : [{ rule: "draw", number, ticketId, detail: `placed at ${sequence}, which is not its place` }],
  );
}
