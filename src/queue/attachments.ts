/**
 * Fans who come to a gateway, marked as present and looked up by the hundred.
 *
 * After a restart or a lost network thousands come back at once. A script for each would have Redis and this process
 * spend more on the asking than on the answers. So a lone fan is asked for at the end of the turn of the event loop,
 * and whoever comes while the answer is under way is asked for, with all others of that time, when it is there.
 */
import { Code } from "./codes.ts";
import type { LineStore } from "./line-store.ts";
import type { RawView } from "./view.ts";

/** Asked for in one script, which holds everybody else up for two or three milliseconds. */
export const RANKS_BATCH = 200;

type Views = Awaited<ReturnType<LineStore["ranks"]>>;

interface Batch {
  readonly userIds: string[];
  readonly views: Promise<Views>;
  answer(views: Promise<Views>): void;
}

/** Of one queue; gone when nobody is gathered and nothing is under way. */
interface Desk {
  gathered: Batch | null;
  underWay: number;
}

export function createAttachments(store: Pick<LineStore, "ranks">, gatewayId: string) {
  const desks = new Map<string, Desk>();

  function gather(queueId: string, desk: Desk): Batch {
    let answer: Batch["answer"] = () => undefined;
    const views = new Promise<Views>((resolve) => {
      answer = resolve;
    });
    const batch: Batch = { userIds: [], views, answer };
    desk.gathered = batch;
    if (desk.underWay === 0) setImmediate(ask, queueId, desk, batch);
    return batch;
  }

  function ask(queueId: string, desk: Desk, batch: Batch | null): void {
    // A full one has left before the end of the turn.
    if (!batch || desk.gathered !== batch) return;
    desk.gathered = null;
    desk.underWay += 1;
    const asked = store.ranks(queueId, gatewayId, batch.userIds);
    batch.answer(asked);
    const next = () => {
      desk.underWay -= 1;
      if (desk.underWay > 0) return;
      if (desk.gathered) ask(queueId, desk, desk.gathered);
      else desks.delete(queueId);
    };
    asked.then(next, next);
  }

  function deskOf(queueId: string): Desk {
    const known = desks.get(queueId);
    if (known) return known;
    const desk: Desk = { gathered: null, underWay: 0 };
    desks.set(queueId, desk);
    return desk;
  }

  /** Marks a fan as present here. @returns what the queue says of the fan, or why it says nothing. */
  return async function attach(queueId: string, userId: string): Promise<RawView | Code> {
    const desk = deskOf(queueId);
    const batch = desk.gathered ?? gather(queueId, desk);
    const index = batch.userIds.push(userId) - 1;
    if (batch.userIds.length === RANKS_BATCH) ask(queueId, desk, batch);
    const views = await batch.views;
    if (!views) return Code.rebuilding;
    return views[index] ?? Code.noTicket;
  };
}
