/**
 * The queue in Redis: each method is one script, each script one atomic change.
 *
 * The scripts name the keys they need in their header; this store maps those names to the queue's keys, so a
 * key that is not declared can't be touched.
 */
import type { Histogram } from "../platform/metrics.ts";
import type { RedisClient } from "../platform/redis.ts";
import { registerScripts, ScriptError, type ScriptFolder } from "../platform/scripts.ts";
import { createTurnBatches } from "../platform/turn-batches.ts";
import { Code } from "./codes.ts";
import { KEY_NAMES, keyOf, WAKE_CHANNEL } from "./keys.ts";
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
  /** Of the last journal entry written, committed or not. */
  readonly number: number;
  readonly epoch: number;
  /** While a draw is to be made, the journal entry that closed the lobby; else 0. */
  readonly drawing: number;
  /** Of the settings in force. */
  readonly version: number;
  /** Nobody is there, nobody can join any more, and all is journalled and told. */
  readonly isOver: boolean;
}

/** A ticket that Redis may have lost. */
export interface LostTicket {
  readonly ticketId: string;
  readonly sequence: number;
  readonly lane: number;
  readonly epoch: number;
  /** Where the journal stood when it knew nothing of the ticket; 0 when it was not asked. */
  readonly journalEpoch: number;
}

/** How the holds of the last seconds went. */
export interface HoldCounts {
  readonly total: number;
  /** Took longer than the target. */
  readonly slow: number;
  readonly failed: number;
  /** Met a database pool with others waiting. */
  readonly crowded: number;
}

/** A Redis command on one key of the queue, by the key's name. */
export type LoadCommand = readonly [command: string, key: string, ...args: (string | number)[]];

/** What the journal holds now, and what is to be told of it. */
export interface Committed {
  readonly epoch: number;
  readonly number: number;
  readonly trimBefore: string;
  readonly head: string;
  /** '' for nothing to tell. */
  readonly message: string;
  /** Whom this admitted, and when the first of them; 0 for nobody. */
  readonly admitted: readonly string[];
  readonly oldestAdmission: number;
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
  /** Where mode auto has come to; 0 until it first changed. */
  readonly autoRate: number;
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
  "autoRate",
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
/** userId, ticketId, codeHash, and the lost ticket: ticketId, sequence, lane, epoch, journalEpoch. */
type JoinArguments = readonly [string, string, string, ...(readonly (string | number)[])];
/** Keeps one call within about two milliseconds, since nobody else is served meanwhile. */
const JOINS_TOGETHER = 50;
const NONE_HANDED_IN = ["", "", "", "", ""] as const;

/** @param seconds hears how long each script took. */
export function createLineStore(
  redis: RedisClient,
  folder: ScriptFolder,
  seconds?: Pick<Histogram<"script">, "observe">,
) {
  const call = registerScripts(redis, folder, seconds);
  for (const { name, keys } of folder.scripts.values()) {
    const unknown = keys.find((key) => !KEY_NAMES.includes(key));
    if (unknown) throw new ScriptError(`${name}.lua names ${unknown}, which is no key of a queue`);
  }
  const loadKeys = folder.scripts.get("load")?.keys ?? [];

  async function run(name: string, queueId: string, args: readonly (string | number)[]): Promise<Answer> {
    const names = folder.scripts.get(name)?.keys ?? [];
    return (await call(
      name,
      names.map((key) => keyOf(queueId, key)),
      args,
    )) as Answer;
  }

  const joinTogether = createTurnBatches<JoinArguments, Answer>(JOINS_TOGETHER, async (key, joins) => {
    const [queueId, gatewayId] = key.split(" ") as [string, string];
    return (await run("join", queueId, [queueId, gatewayId, ...joins.flat()])) as unknown as Answer[];
  });

  async function viewFrom(answer: Promise<Answer>): Promise<ViewOutcome> {
    const [code, ...values] = await answer;
    if (code !== Code.ok && code !== Code.existing) return { ok: false, code };
    return { ok: true, isNew: code === Code.ok, view: readView(values) };
  }

  return {
    /**
     * @param codeHash of the code that opens a lane; '' for the general one.
     * @param lost a ticket whose join may have been lost, to be honoured if it is.
     */
    join(
      queueId: string,
      userId: string,
      ticketId: string,
      codeHash: string,
      gatewayId: string,
      lost: LostTicket | null = null,
    ): Promise<ViewOutcome> {
      const handedIn = lost
        ? ([lost.ticketId, lost.sequence, lost.lane, lost.epoch, lost.journalEpoch] as const)
        : NONE_HANDED_IN;
      return viewFrom(joinTogether(`${queueId} ${gatewayId}`, [userId, ticketId, codeHash, ...handedIn]));
    },

    /** Has the workers look after the queue at once. */
    async wake(queueId: string): Promise<void> {
      await redis.publish(WAKE_CHANNEL, queueId);
    },

    /** These fans' pages have received their admissions. */
    async delivered(queueId: string, userIds: readonly string[]): Promise<void> {
      await run("delivered", queueId, userIds);
    },

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

    /** Views of some hundred accounts, all of them present on this gateway, at one tick; null while rebuilding. */
    async ranks(
      queueId: string,
      gatewayId: string,
      userIds: readonly string[],
    ): Promise<(RawView | null)[] | null> {
      const [code, ...views] = await run("ranks", queueId, [queueId, gatewayId, ...userIds]);
      if (code !== Code.ok) return null;
      return (views as unknown as (string | null)[]).map((view) => (view ? readView(view.split(" ")) : null));
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

    async setHold(queueId: string, userId: string, ticketId: string, liveUntil: Date | null): Promise<Code> {
      const micros = liveUntil ? liveUntil.getTime() * 1_000 : 0;
      return (await run("set_hold", queueId, [queueId, userId, ticketId, micros]))[0];
    },

    async endSession(queueId: string, userId: string, ticketId: string, reason: string): Promise<void> {
      await run("end_session", queueId, [queueId, userId, ticketId, reason]);
    },

    /** @returns the target for the 95th percentile of a hold, milliseconds; null when the rate is fixed. */
    async reportHolds(queueId: string, gatewayId: string, holds: HoldCounts): Promise<number | null> {
      const { total, slow, failed, crowded } = holds;
      const target = (await run("holds", queueId, [gatewayId, total, slow, failed, crowded]))[1];
      return Number(target ?? 0) || null;
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
      const [code, tick, more, number, epoch, drawing, version, over] = await run("tick", queueId, [
        minIntervalMs * 1_000,
      ]);
      return {
        code,
        tick: Number(tick ?? 0),
        more: Number(more ?? 0) === 1,
        number: Number(number ?? 0),
        epoch: Number(epoch ?? 0),
        drawing: Number(drawing ?? 0),
        version: Number(version ?? 0),
        isOver: Number(over ?? 0) === 1,
      };
    },

    /**
     * Puts drawn tickets into the line, the first of them at `firstPlace`.
     * @returns also how many entries the journal has not got yet.
     */
    async placeDrawn(
      queueId: string,
      epoch: number,
      firstPlace: number,
      { userIds, ticketIds }: { readonly userIds: readonly string[]; readonly ticketIds: readonly string[] },
    ): Promise<{ code: Code; unjournalled: number }> {
      const pairs = userIds.flatMap((userId, index) => [userId, ticketIds[index] as string]);
      const [code, unjournalled] = await run("place_drawn", queueId, [epoch, firstPlace, ...pairs]);
      return { code, unjournalled: Number(unjournalled ?? 0) };
    },

    async finishDraw(queueId: string, epoch: number): Promise<Code> {
      return (await run("finish_draw", queueId, [queueId, epoch]))[0];
    },

    /** What the journal does not hold yet, oldest first. */
    async pending(queueId: string, limit: number): Promise<StreamEntry[]> {
      const entries = await redis.xrange(keyOf(queueId, "events"), "-", "+", "COUNT", limit);
      return entries.map(([id, fields]) => ({ id, line: fields[1] ?? "" }));
    },

    async committed(queueId: string, done: Committed): Promise<Code> {
      const { epoch, number, trimBefore, head, message, admitted, oldestAdmission } = done;
      const args = [epoch, number, trimBefore, head, message, oldestAdmission, ...admitted];
      return (await run("committed", queueId, args))[0];
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
    async time(queueId: string): Promise<number> {
      return Number((await run("time", queueId, []))[1]);
    },

    /** Whether the queue is loaded. */
    async isLoaded(queueId: string): Promise<boolean> {
      return (await redis.exists(keyOf(queueId, "state"))) === 1;
    },

    /**
     * Forgets the queue: until it is loaded anew every script answers that it is being rebuilt.
     * @param epoch the last one in which the queue was seen, 0 for none.
     * @returns false when somebody has loaded the queue meanwhile; it is as it was then.
     */
    async beginRebuild(queueId: string, token: string, epoch: number): Promise<boolean> {
      return (await run("begin_rebuild", queueId, [token, epoch]))[0] === Code.ok;
    },

    /** @returns false when another rebuilding has begun since; nothing was loaded then. */
    async load(
      queueId: string,
      token: string,
      commands: readonly LoadCommand[],
      isLast: boolean,
    ): Promise<boolean> {
      const packed = commands.flatMap(([command, key, ...args]) => [
        command,
        loadKeys.indexOf(key) + 1,
        args.length,
        ...args,
      ]);
      return (await run("load", queueId, [token, isLast ? 1 : 0, ...packed]))[0] === Code.ok;
    },
  };
}
