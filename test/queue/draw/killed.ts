/** A draw whose workers are killed with SIGKILL, each before a step of the test's choice. */
import { expect } from "chai";
import { v7 as uuidv7 } from "uuid";
import { loadScripts } from "../../../src/platform/scripts.ts";
import { checkJournal } from "../../../src/queue/checker.ts";
import { LUA_FOLDER } from "../../../src/queue/index.ts";
import { createLineStore } from "../../../src/queue/line-store.ts";
import { verifyDraw } from "../../../src/web/draw-check/verify.ts";
import { eventually } from "../../support/wait.ts";
import { newFan, type QueueHouse } from "../support.ts";
import { startDrawProcess } from "./processes.ts";
import { publishedDraw } from "./support.ts";

const PATIENCE = { timeoutMs: 30_000 };
const GATEWAY = "g";

/** @param stops before which step each worker is killed, one after the other; then one comes that is not. */
export async function drawWithKills(
  house: QueueHouse,
  fans: number,
  stops: readonly number[],
): Promise<void> {
  const { db, redis, databaseUrl, redisUrl } = house;
  const store = createLineStore(redis, loadScripts(LUA_FOLDER));
  const open = await house.openQueue();
  try {
    const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
    const { queueId } = await house.newQueue({ lobbyOpensAt: at(-60), opensAt: at(3_600), maxActive: 1 });
    const lobby = Array.from({ length: fans }, () => ({ userId: newFan(), ticketId: uuidv7() }));
    const join = ({ userId, ticketId }: { userId: string; ticketId: string }) =>
      store.join(queueId, userId, ticketId, "", GATEWAY);
    await Promise.all(lobby.map(join));
    await db.transaction((trx) => open.queue.changeSettings(trx, queueId, { opensAt: at(-1) }));
    await open.queue.apply(queueId);
    for (const stopBefore of stops) {
      const doomed = await startDrawProcess({ databaseUrl, redisUrl, stopBefore });
      try {
        await doomed.said("stopped", PATIENCE.timeoutMs);
      } finally {
        await doomed.kill();
      }
    }
    const late = { userId: newFan(), ticketId: uuidv7() };
    expect((await join(late)).ok).to.equal(true);

    open.startWorker();
    await eventually(async () => (await store.summary(queueId))?.phase === "open", {
      ...PATIENCE,
      what: "the line",
    });
    const { draw, entries } = await publishedDraw(db, store, queueId);
    expect((await verifyDraw(draw, entries)).findings).to.deep.equal([]);
    expect(entries).to.have.members(lobby.map(({ ticketId }) => ticketId));
    await eventually(
      async () => {
        const rows = await db("queue_journal").where({ queue_id: queueId, kind: "draw" }).orderBy("sequence");
        expect(rows.map(({ ticket_id: ticketId }) => ticketId)).to.deep.equal(entries);
        expect(rows.map(({ sequence }) => sequence)).to.deep.equal(entries.map((_, index) => index + 1));
        return true;
      },
      { ...PATIENCE, what: "the journal of the draw" },
    );
    const view = await store.attach(queueId, late.userId, "");
    expect(view.ok && view.view.sequence).to.be.above(fans);
    expect(await checkJournal(db, queueId)).to.deep.equal([]);
  } finally {
    await open.close();
  }
}
