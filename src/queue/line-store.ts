/**
 * The queue in Redis: each method is one script, each script one atomic change.
 *
 * The scripts name the keys they need in their header; this store maps those names to the queue's keys, so a
 * key that is not declared can't be touched.
 */
import type { RedisClient } from "../platform/redis.ts";
import { registerScripts, type ScriptFolder } from "../platform/scripts.ts";
import { Code } from "./codes.ts";
import { KEY_NAMES, keyOf } from "./keys.ts";
import type { LaneCode } from "./lanes.ts";
import { type RawView, readView } from "./view.ts";

export type ViewOutcome = { readonly ok: true; readonly isNew: boolean; readonly view: RawView } | Refused;
export interface Refused {
  readonly ok: false;
  readonly code: Code;
}

export interface StreamEntry {
  readonly id: string;
  readonly line: string;
}

export interface TickAnswer {
  readonly code: Code;
  readonly tick: number;
  /** A bounded step left work over: tick again without waiting. */
  readonly more: boolean;
}

export interface Summary {
  readonly phase: string;
  readonly nowMicros: number;
  readonly epoch: number;
  readonly tick: number;
  readonly tickMicros: number;
  readonly version: number;
  readonly limitedBy: string;
  readonly available: number;
  readonly held: number;
  readonly occupied: number;
  readonly blocked: number;
  readonly seatsMicros: number;
  readonly admittedTotal: number;
  readonly arrivedTotal: number;
  readonly noShowTotal: number;
  readonly leftTotal: number;
  readonly journalHead: string;
  readonly journalled: number;
  readonly waiting: number;
  readonly deferred: number;
  readonly arriving: number;
  readonly inside: number;
  readonly holding: number;
  readonly lobby: number;
}

const SUMMARY_FIELDS = [
  "phase",
  "nowMicros",
  "epoch",
  "tick",
  "tickMicros",
  "version",
  "limitedBy",
  "available",
  "held",
  "occupied",
  "blocked",
  "seatsMicros",
  "admittedTotal",
  "arrivedTotal",
  "noShowTotal",
  "leftTotal",
  "journalHead",
  "journalled",
  "waiting",
  "deferred",
  "arriving",
  "inside",
  "holding",
  "lobby",
] as const satisfies readonly (keyof Summary)[];
const SUMMARY_STRINGS = new Set<string>(["phase", "limitedBy", "journalHead"]);

export type LineStore = ReturnType<typeof createLineStore>;

type Answer = [Code, ...(string | number)[]];

export function createLineStore(redis: RedisClient, folder: ScriptFolder) {
  const call = registerScripts(redis, folder);

  async function run(name: string, queueId: string, args: readonly (string | number)[]): Promise<Answer> {
    const names = folder.scripts.get(name)?.keys ?? [];
    return (await call(
      name,
      names.map((key) => keyOf(queueId, key)),
      args,
    )) as Answer;
  }

  async function viewFrom(answer: Promise<Answer>): Promise<ViewOutcome> {
    const [code, ...values] = await answer;
    if (code !== Code.ok && code !== Code.existing) return { ok: false, code };
    return { ok: true, isNew: code === Code.ok, view: readView(values) };
  }

  return {
    /** @param codeHash of the code that opens a lane; '' for the general one. */
    join: (queueId: string, userId: string, ticketId: string, codeHash: string, gatewayId: string) =>
      viewFrom(run("join", queueId, [queueId, userId, ticketId, codeHash, gatewayId])),

    async addCodes(queueId: string, codes: readonly LaneCode[]): Promise<Code> {
      const pairs = codes.flatMap(({ hash, lane, uses }) => [hash, `${lane}:${uses}`]);
      return (await run("add_codes", queueId, pairs))[0];
    },

    /** @param gatewayId where the fan is present; '' only looks. */
    attach: (queueId: string, userId: string, gatewayId: string) =>
      viewFrom(run("attach", queueId, [queueId, userId, gatewayId])),

    async detach(queueId: string, gatewayId: string, userIds: readonly string[]): Promise<void> {
      await run("detach", queueId, [gatewayId, ...userIds]);
    },

    async heartbeat(queueId: string, gatewayId: string, alive: boolean): Promise<void> {
      await run("heartbeat", queueId, [gatewayId, alive ? 1 : 0]);
    },

    /** Views of at most 1,000 accounts at one tick; null when the queue is being rebuilt. */
    async ranks(queueId: string, userIds: readonly string[]): Promise<(RawView | null)[] | null> {
      const [code, ...views] = await run("ranks", queueId, userIds);
      if (code !== Code.ok) return null;
      return (views as unknown as ((string | number)[] | null)[]).map((view) =>
        view ? readView(view) : null,
      );
    },

    async leave(
      queueId: string,
      userId: string,
      ticketId: string,
      reason: "left" | "removed",
      data: object,
    ): Promise<{ code: Code; from: string }> {
      const [code, from] = await run("leave", queueId, [
        queueId,
        userId,
        ticketId,
        reason,
        JSON.stringify(data),
      ]);
      return { code, from: String(from ?? "") };
    },

    async readmit(queueId: string, userId: string, ticketId: string, data: object): Promise<Code> {
      return (await run("readmit", queueId, [userId, ticketId, JSON.stringify(data)]))[0];
    },

    async claim(queueId: string, userId: string) {
      const [code, ticketId, fence, endsMicros, pass] = await run("claim", queueId, [userId]);
      return {
        code,
        ticketId: String(ticketId ?? ""),
        fence: Number(fence ?? 0),
        endsMicros: Number(endsMicros ?? 0),
        pass: String(pass ?? ""),
      };
    },

    /** @returns the pass that stands, or null when the session ended meanwhile. */
    async keepPass(queueId: string, userId: string, ticketId: string, pass: string): Promise<string | null> {
      const [code, kept] = await run("keep_pass", queueId, [userId, ticketId, pass]);
      return code === Code.ok ? String(kept) : null;
    },

    async useSlot(
      queueId: string,
      userId: string,
      ticketId: string,
      fence: number,
      holdSeconds: number,
    ): Promise<Code> {
      return (await run("use_slot", queueId, [userId, ticketId, fence, holdSeconds * 1_000_000]))[0];
    },

    async setHold(queueId: string, userId: string, ticketId: string, liveUntil: Date | null): Promise<void> {
      await run("set_hold", queueId, [
        queueId,
        userId,
        ticketId,
        liveUntil ? liveUntil.getTime() * 1_000 : 0,
      ]);
    },

    async endSession(queueId: string, userId: string, ticketId: string, reason: string): Promise<void> {
      await run("end_session", queueId, [queueId, userId, ticketId, reason]);
    },

    async reportSeats(
      queueId: string,
      counts: { available: number; held: number; occupied: number; blocked: number },
    ): Promise<void> {
      await run("seats", queueId, [counts.available, counts.held, counts.occupied, counts.blocked]);
    },

    async configure(
      queueId: string,
      change: {
        version: number;
        paused: boolean;
        closed: boolean;
        data: string;
        settings: Record<string, string | number>;
      },
    ): Promise<Code> {
      const pairs = Object.entries(change.settings).flat();
      const flags = [change.paused ? 1 : 0, change.closed ? 1 : 0];
      return (await run("configure", queueId, [change.version, ...flags, change.data, ...pairs]))[0];
    },

    async tick(queueId: string, minIntervalMs: number): Promise<TickAnswer> {
      const [code, tick, more] = await run("tick", queueId, [minIntervalMs * 1_000]);
      return { code, tick: Number(tick ?? 0), more: Number(more ?? 0) === 1 };
    },

    /** What the journal does not hold yet, oldest first. */
    async pending(queueId: string, limit: number): Promise<StreamEntry[]> {
      const entries = await redis.xrange(keyOf(queueId, "events"), "-", "+", "COUNT", limit);
      return entries.map(([id, fields]) => ({ id, line: fields[1] ?? "" }));
    },

    async committed(
      queueId: string,
      done: { epoch: number; number: number; trimBefore: string; head: string; message: string },
    ): Promise<Code> {
      const { epoch, number, trimBefore, head, message } = done;
      return (await run("committed", queueId, [epoch, number, trimBefore, head, message]))[0];
    },

    async summary(queueId: string): Promise<Summary | null> {
      const [code, ...values] = await run("summary", queueId, []);
      if (code !== Code.ok) return null;
      return Object.fromEntries(
        SUMMARY_FIELDS.map((field, index) => {
          const value = values[index] ?? "";
          return [field, SUMMARY_STRINGS.has(field) ? value : value === "" ? 0 : Number(value)];
        }),
      ) as unknown as Summary;
    },

    /** Redis time, in microseconds. */
    async time(): Promise<number> {
      const [seconds, micros] = await redis.time();
      return Number(seconds) * 1_000_000 + Number(micros);
    },

    /** Whether the queue is loaded. */
    async isLoaded(queueId: string): Promise<boolean> {
      return (await redis.exists(keyOf(queueId, "state"))) === 1;
    },

    /** Forgets the queue: until it is loaded again every script answers that it is being rebuilt. */
    async clear(queueId: string): Promise<void> {
      // The state goes first and alone, so that no script can act on half of the rest.
      await redis.del(keyOf(queueId, "state"));
      await redis.unlink(...KEY_NAMES.map((name) => keyOf(queueId, name)));
    },

    async load(queueId: string, commands: readonly [string, ...(string | number)[]][]): Promise<void> {
      const pipeline = redis.pipeline(
        commands.map(([command, name, ...rest]) => [
          command.toLowerCase(),
          keyOf(queueId, String(name)),
          ...rest,
        ]),
      );
      for (const [fault] of (await pipeline.exec()) ?? []) if (fault) throw fault;
    },
  };
}
