/** The list of a draw: who was in the lobby when it closed, as the journal tells it, and the tree over it. */
import type { Database } from "../../platform/postgres.ts";
import { type ListPart, readLobby } from "./draw-store.ts";
import { leafHash, PART_SIZE, rootOf } from "./merkle.ts";
import { createSlices } from "./slices.ts";

export interface LobbyList {
  readonly entries: number;
  readonly root: Buffer;
  readonly partRoots: readonly Buffer[];
  readonly parts: readonly ListPart[];
}

/** @param closedNumber the journal's entry that closed the lobby; everything up to it is committed. */
export async function listLobby(db: Database, queueId: string, closedNumber: number): Promise<LobbyList> {
  const inside = new Map<string, string>();
  for await (const page of readLobby(db, queueId, closedNumber)) {
    for (const { ticketId, userId, came } of page) {
      if (came) inside.set(ticketId, userId);
      else inside.delete(ticketId);
    }
  }
  const pause = createSlices();
  const ticketIds = [...inside.keys()].sort();
  const parts: ListPart[] = [];
  const partRoots: Buffer[] = [];
  for (let start = 0; start < ticketIds.length; start += PART_SIZE) {
    const mine = ticketIds.slice(start, start + PART_SIZE);
    parts.push({
      part: parts.length,
      ticketIds: mine,
      userIds: mine.map((ticketId) => inside.get(ticketId) as string),
    });
    partRoots.push(rootOf(mine.map(leafHash)));
    await pause();
  }
  return { entries: ticketIds.length, root: rootOf(partRoots), partRoots, parts };
}
