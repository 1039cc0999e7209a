/** A gateway of the simulation: the real memory of a line and the real scripts, without sockets and timers. */

import type { Database } from "../../../src/platform/postgres.ts";
import type { ObservedPlace } from "../../../src/queue/checker.ts";
import type { LineStore } from "../../../src/queue/line-store.ts";
import {
  type CommittedMessage,
  createLocalLine,
  type LocalFan,
  type LocalLine,
  type Touched,
} from "../../../src/queue/local-line.ts";
import { type EarlierTicket, handIn, unknownTickets } from "../../../src/queue/lost-tickets.ts";
import type { QueueRow } from "../../../src/queue/queue-store.ts";
import { placeOf } from "../../../src/queue/ticket-view.ts";

export interface SimGateway {
  readonly id: string;
  readonly line: LocalLine;
  /** Accounts with a page open here. */
  readonly here: Set<string>;
  heardBeatAt: number;
  /**
   * @param codeHash opens a lane; '' for the general one.
   * @param ticket that the page still has, of whatever epoch and however it ended.
   */
  join(userId: string, ticketId: string, codeHash: string, ticket?: EarlierTicket): Promise<LocalFan | null>;
  attach(userId: string): Promise<LocalFan | null>;
  leavePage(userIds: readonly string[]): Promise<void>;
  /** @returns what it heard of its own fans. */
  receive(message: CommittedMessage): Promise<readonly Touched[]>;
  /** All that was missed is read again. */
  resync(): Promise<void>;
  /** The place that a fan would be shown now. */
  placeOf(userId: string): ObservedPlace | null;
}

const BATCH = 1_000;

/** @param handsIn whether it hands in lost tickets by itself; else their fans have to come with them. */
export function createSimGateway(
  db: Database,
  id: string,
  store: LineStore,
  row: QueueRow,
  handsIn: boolean,
): SimGateway {
  const line = createLocalLine(row);
  const here = new Set<string>();
  const { queueId } = line;

  async function attach(userId: string): Promise<LocalFan | null> {
    const outcome = await store.attach(queueId, userId, id);
    if (!outcome.ok) return null;
    here.add(userId);
    return line.observe(userId, outcome.view);
  }

  async function resync(): Promise<void> {
    const userIds = [...line.fans.keys()];
    const lost: LocalFan[] = [];
    for (let start = 0; start < userIds.length; start += BATCH) {
      const batch = userIds.slice(start, start + BATCH);
      const views = await store.ranks(queueId, id, batch);
      views?.forEach((view, index) => {
        const userId = batch[index] as string;
        if (view) line.observe(userId, view);
        else lost.push(line.fans.get(userId) as LocalFan);
      });
    }
    for (const { userId } of lost) {
      line.forget(userId);
      here.delete(userId);
    }
    // The join was lost before it was journalled: the gateway knows of it, and hands the ticket in.
    const waited = lost.filter(({ state }) => handsIn && (state === "W" || state === "L"));
    await handIn({ db, store, gatewayId: id }, queueId, waited, (userId, view) => {
      here.add(userId);
      line.observe(userId, view);
    });
  }

  return {
    id,
    line,
    here,
    heardBeatAt: 0,
    attach,
    resync,
    async join(userId, ticketId, codeHash, ticket) {
      const [lost = null] = await unknownTickets(db, queueId, ticket ? [ticket] : []);
      const outcome = await store.join(queueId, userId, ticketId, codeHash, id, lost);
      if (!outcome.ok) return null;
      here.add(userId);
      return line.observe(userId, outcome.view);
    },
    async leavePage(userIds) {
      for (const userId of userIds) {
        here.delete(userId);
        line.forget(userId);
      }
      await store.detach(queueId, id, userIds);
    },
    async receive(message) {
      const { gap, touched } = line.apply(message);
      for (const { kind, fan, data } of touched)
        if (kind === "defer" && fan && !data.undelivered) await attach(fan.userId);
      if (gap) await resync();
      return touched;
    },
    placeOf(userId) {
      const fan = line.fans.get(userId);
      if (fan?.state !== "W") return null;
      const { position } = placeOf(line, fan);
      if (position === null) return null;
      const { ticketId, epoch, rankTick: tick, rankAt: asOfMicros } = fan;
      return { kind: "place", ticketId, epoch, position, asOfMicros, tick };
    },
  };
}
