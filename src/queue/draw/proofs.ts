/** What anybody may know of a draw, and how it is shown that one ticket was on its list. */
import { Readable } from "node:stream";
import type { Database } from "../../platform/postgres.ts";
import { Code } from "../codes.ts";
import type { LineStore } from "../line-store.ts";
import { publicSource } from "./beacon.ts";
import { type DrawRow, readDraw, readOrderPart, readPartOf } from "./draw-store.ts";
import { leafHash, PART_SIZE, pathOf } from "./merkle.ts";
import { ALGORITHM } from "./order.ts";

/** Hashes in hex. What is not known yet is null. */
export interface DrawRecord {
  readonly queueId: string;
  readonly algorithm: string;
  readonly commitment: string;
  readonly committedAt: string;
  readonly counts: { readonly entries: number | null };
  readonly root: string | null;
  readonly listedAt: string | null;
  /** Null: none was promised. */
  readonly beacon: {
    readonly source: string;
    readonly before: string | null;
    readonly value: string | null;
    readonly settledAt: string | null;
  } | null;
  readonly seed: string | null;
  readonly publishedAt: string | null;
}

export interface DrawProof {
  readonly queueId: string;
  readonly ticketId: string;
  readonly root: string;
  /** How many tickets are on the list. */
  readonly entries: number;
  /** Where this one stands in it, from 0. */
  readonly leaf: number;
  /** The hashes beside the way from the leaf to the root. */
  readonly path: readonly string[];
  /** Null until drawn. */
  readonly place: number | null;
}

export type ProofOutcome =
  | { readonly ok: true; readonly proof: DrawProof }
  | {
      readonly ok: false;
      readonly reason: "NOT_FOUND" | "NO_TICKET" | "NOT_DRAWN" | "NOT_IN_DRAW" | "REBUILDING";
    };

const isoOrNull = (date: Date | null) => date?.toISOString() ?? null;

export type Draws = ReturnType<typeof createDraws>;

export function createDraws(db: Database, store: LineStore) {
  async function* lines(queueId: string): AsyncGenerator<string> {
    for (let part = 0, place = 0; ; part += 1) {
      const row = await readOrderPart(db, queueId, part);
      if (!row) return;
      let text = "";
      for (const ticketId of row.ticketIds) {
        place += 1;
        text += `{"place":${place},"ticketId":"${ticketId}"}\n`;
      }
      yield text;
    }
  }

  return {
    /** Null when the queue has no commitment. */
    async record(queueId: string): Promise<DrawRecord | null> {
      const draw = await readDraw(db, queueId);
      return draw && recordOf(draw);
    },

    /** The tickets in the order drawn, a JSON text a line, read as fast as it is taken; null until drawn. */
    async entries(queueId: string): Promise<Readable | null> {
      const draw = await readDraw(db, queueId);
      return draw?.orderedAt ? Readable.from(lines(queueId), { highWaterMark: 1 }) : null;
    },

    /** For the ticket that this account has now. */
    async proof(queueId: string, userId: string): Promise<ProofOutcome> {
      const draw = await readDraw(db, queueId);
      if (!draw) return { ok: false, reason: "NOT_FOUND" };
      const mine = await store.attach(queueId, userId, "");
      if (!mine.ok) return { ok: false, reason: mine.code === Code.noTicket ? "NO_TICKET" : "REBUILDING" };
      if (!draw.root) return { ok: false, reason: "NOT_DRAWN" };
      const { ticketId } = mine.view;
      const part = await readPartOf(db, queueId, ticketId);
      const index = part?.ticketIds.indexOf(ticketId) ?? -1;
      if (!part || index < 0) return { ok: false, reason: "NOT_IN_DRAW" };
      const path = [
        ...pathOf(part.ticketIds.map(leafHash), index),
        ...pathOf(draw.partRoots ?? [], part.part),
      ];
      return {
        ok: true,
        proof: {
          queueId,
          ticketId,
          root: draw.root.toString("hex"),
          entries: draw.entries ?? 0,
          leaf: part.part * PART_SIZE + index,
          path: path.map((hash) => hash.toString("hex")),
          place: part.places?.[index] ?? null,
        },
      };
    },
  };
}

function recordOf(draw: DrawRow): DrawRecord {
  const { queueId, beaconSource, beaconBefore, beacon, settledAt, root, seed } = draw;
  return {
    queueId,
    algorithm: ALGORITHM,
    commitment: draw.commitment.toString("hex"),
    committedAt: draw.committedAt.toISOString(),
    counts: { entries: draw.entries },
    root: root?.toString("hex") ?? null,
    listedAt: isoOrNull(draw.listedAt),
    beacon:
      beaconSource === ""
        ? null
        : {
            source: publicSource(beaconSource),
            before: beaconBefore,
            value: beacon,
            settledAt: isoOrNull(settledAt),
          },
    seed: seed?.toString("hex") ?? null,
    publishedAt: isoOrNull(draw.publishedAt),
  };
}
