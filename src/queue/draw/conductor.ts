/**
 * Conducts the draw of a queue whose lobby has closed, one durable step after the other:
 *
 *   list      who was in the lobby, with the Merkle root        → committed
 *   beacon    the promised public value, if one was promised     → committed
 *   order     sorted by HMAC under seed, root and value          → committed
 *   placing   1,000 at a time, 50 a script; joins go behind meanwhile
 *   seed      published; then the next tick lets the line go
 *
 * Every step looks in the database how far the draw is and does the next thing. So a worker that dies, and a Redis that
 * is lost, change nothing: whoever comes next makes the same draw from there.
 */
import type { KeyObject } from "node:crypto";
import type { Logger } from "../../platform/logger.ts";
import type { Database } from "../../platform/postgres.ts";
import { Code } from "../codes.ts";
import type { LineStore } from "../line-store.ts";
import { readQueue } from "../queue-store.ts";
import { type Beacon, openBeacon } from "./beacon.ts";
import {
  type DrawRow,
  insertDraw,
  type ListPart,
  noteBeaconBefore,
  publishSeed,
  readDraw,
  readList,
  readOrderPart,
  readSealed,
  saveList,
  saveOrder,
  settleBeacon,
} from "./draw-store.ts";
import { listLobby } from "./list.ts";
import { PART_SIZE } from "./merkle.ts";
import { drawOrder } from "./order.ts";
import { openSeal, sealSeed } from "./seal.ts";
import { createSlices } from "./slices.ts";

export interface ConductorDeps {
  readonly db: Database;
  readonly store: LineStore;
  /** Opens the seals of seeds. */
  readonly drawKey: KeyObject;
  /** Promised by draws that have no commitment yet; '' for none. */
  readonly beaconSource: string;
  /** How long a draw waits for the promised value before it goes on without. */
  readonly beaconSeconds: number;
  readonly log: Logger;
}

/** What a queue says of the draw that is due in it. */
export interface DueDraw {
  readonly epoch: number;
  /** The journal's entry that closed the lobby. */
  readonly closedNumber: number;
}

/** How far the places are filled. */
interface Placing {
  readonly epoch: number;
  /** It does not change any more. */
  readonly draw: DrawRow;
  next: number;
  unjournalled: number;
}

export interface Conductor {
  /** Makes the commitment of a queue that has none. */
  commit(queueId: string): Promise<void>;
  /** Does the next step. @returns milliseconds after which the one after it may be tried, null when all is done. */
  step(queueId: string, due: DueDraw): Promise<number | null>;
}

const BATCH = 1_000;
/**
 * Of a batch, in one script, which holds everybody else up: they take less than a millisecond, so little that it
 * stays little when the script has to wait for a processor, or copies the pages that a rewrite of the append-only file
 * shares.
 */
const AT_ONCE = 50;
/** Placing stays this little ahead of the journal: the line opens soon after the last one is placed. */
const MOST_UNJOURNALLED = 10_000;
const NOBODY = { userIds: [], ticketIds: [] };
const JOURNAL_WAIT_MS = 25;
const BEACON_WAIT_MS = 500;

/** The secret that the seal was made under is not the one this process has. */
export class SealError extends Error {
  override readonly name = "SealError";
}

export function createConductor(deps: ConductorDeps): Conductor {
  const { db, store, log } = deps;
  const placing = new Map<string, Placing>();

  const commit = (queueId: string) =>
    insertDraw(db, queueId, sealSeed(deps.drawKey, queueId), deps.beaconSource);

  async function step(queueId: string, due: DueDraw): Promise<number | null> {
    const at = placing.get(queueId);
    if (at?.epoch === due.epoch) return place(at.draw, due);
    const draw = await readDraw(db, queueId);
    if (!draw) await commit(queueId);
    else if (!draw.root) return fixList(queueId, due);
    else if (!draw.settledAt) return settle(draw);
    else if (!draw.orderedAt) await order(draw, draw.root);
    else return place(draw, due);
    return 0;
  }

  async function fixList(queueId: string, { closedNumber }: DueDraw): Promise<number> {
    const row = await readQueue(db, queueId);
    if (!row || row.journalLength < closedNumber) return JOURNAL_WAIT_MS;
    const list = await listLobby(db, queueId, closedNumber);
    await saveList(db, queueId, { closedNumber, ...list });
    log.info("draw: the list is fixed", { queueId, entries: list.entries, root: list.root.toString("hex") });
    return 0;
  }

  /** Only a value that the source did not have when the list was fixed: the others somebody may have known. */
  async function settle({ queueId, beaconSource, beaconBefore, listedForSeconds }: DrawRow): Promise<number> {
    const beacon = openBeacon(beaconSource);
    const value = beacon && (await ask(beacon));
    if (beacon && beaconBefore === null && value !== null) await noteBeaconBefore(db, queueId, value);
    if (beacon && value && beaconBefore !== null && value !== beaconBefore) {
      await settleBeacon(db, queueId, value);
      return 0;
    }
    if (beacon && (listedForSeconds ?? 0) < deps.beaconSeconds) return BEACON_WAIT_MS;
    if (beacon) log.error("draw: goes on without the public value that was promised", { queueId });
    await settleBeacon(db, queueId, null);
    return 0;
  }

  async function ask(beacon: Beacon): Promise<string | null> {
    try {
      return await beacon.read();
    } catch (fault) {
      log.warn("draw: the public value can't be read", { fault });
      return null;
    }
  }

  async function seedOf(queueId: string): Promise<Buffer> {
    const seed = openSeal(deps.drawKey, queueId, await readSealed(db, queueId));
    if (seed) return seed;
    throw new SealError(
      "the draw's seed was sealed under another FASTPASS_TICKET_SECRET; start the workers with that one",
    );
  }

  async function order({ queueId, beacon }: DrawRow, root: Buffer): Promise<void> {
    const pause = createSlices();
    const accounts = new Map<string, string>();
    for await (const { ticketIds, userIds } of readList(db, queueId)) {
      for (const [index, ticketId] of ticketIds.entries()) accounts.set(ticketId, userIds[index] as string);
      await pause();
    }
    const listed = [...accounts.keys()];
    const drawn = await drawOrder({ seed: await seedOf(queueId), root, beacon }, listed);
    const places = new Map<string, number>();
    const parts: ListPart[] = [];
    for (let start = 0; start < drawn.length; start += BATCH) {
      const ticketIds = drawn.slice(start, start + BATCH);
      const userIds = ticketIds.map((ticketId) => accounts.get(ticketId) as string);
      for (const [index, ticketId] of ticketIds.entries()) places.set(ticketId, start + index + 1);
      parts.push({ part: parts.length, ticketIds, userIds });
      await pause();
    }
    const byList: number[][] = [];
    for (let start = 0; start < listed.length; start += PART_SIZE) {
      byList.push(listed.slice(start, start + PART_SIZE).map((ticketId) => places.get(ticketId) as number));
      await pause();
    }
    await saveOrder(db, queueId, parts, byList);
  }

  /** One batch into Redis; after the last one the seed is published and the queue told so. */
  async function place(draw: DrawRow, { epoch }: DueDraw): Promise<number | null> {
    const { queueId } = draw;
    let at = placing.get(queueId);
    // A new epoch may have lost what was placed in the one before. What was not is left alone by the script.
    if (at?.epoch !== epoch) {
      at = { epoch, draw, next: 0, unjournalled: 0 };
      placing.set(queueId, at);
    }
    if (at.unjournalled > MOST_UNJOURNALLED) {
      const { code, unjournalled } = await store.placeDrawn(queueId, epoch, 1, NOBODY);
      if (code !== Code.ok) return stop(queueId);
      at.unjournalled = unjournalled;
      if (unjournalled > MOST_UNJOURNALLED) return JOURNAL_WAIT_MS;
    }
    const part = await readOrderPart(db, queueId, at.next);
    if (!part) return finish(draw, epoch);
    if ((await placePart(at, part)) !== Code.ok) return stop(queueId);
    at.next += 1;
    return 0;
  }

  /**
   * One script after the other, never all at once: a Redis that rests in between is on the processor's good side when
   * the next one comes, one that has worked for milliseconds is put aside for others in the middle of a script.
   */
  async function placePart(at: Placing, part: ListPart): Promise<Code> {
    for (let start = 0; start < part.ticketIds.length; start += AT_ONCE) {
      const { code, unjournalled } = await store.placeDrawn(
        at.draw.queueId,
        at.epoch,
        1 + at.next * BATCH + start,
        {
          userIds: part.userIds.slice(start, start + AT_ONCE),
          ticketIds: part.ticketIds.slice(start, start + AT_ONCE),
        },
      );
      if (code !== Code.ok) return code;
      at.unjournalled = unjournalled;
    }
    return Code.ok;
  }

  async function finish({ queueId, publishedAt, entries }: DrawRow, epoch: number): Promise<number | null> {
    if (!publishedAt) {
      await publishSeed(db, queueId, await seedOf(queueId));
      log.info("draw: made, and its seed published", { queueId, entries });
    }
    const code = await store.finishDraw(queueId, epoch);
    if (code === Code.existing) throw new Error("somebody is in the lobby who is not on the list");
    return stop(queueId);
  }

  function stop(queueId: string): null {
    placing.delete(queueId);
    return null;
  }

  return { commit, step };
}
