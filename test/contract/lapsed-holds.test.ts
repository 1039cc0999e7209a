/**
 * A hold that is not paid gives its seats back by itself, whoever is there to see to it. The deadlines of all cases
 * run at once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { Redis } from "ioredis";
import { atOnce } from "../support/house/at-once.ts";
import { type Answer, type House, type Inside, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const HOLD_SECONDS = 5;
/** How long after its deadline a seat may be anybody else's again. */
const PROMISED_MS = 2_000;

interface Held {
  readonly house: House;
  readonly by: Inside;
  readonly seat: { seatIds: string[] };
  readonly body: Answer["body"];
}

describe("contract · lapsed holds", function () {
  this.timeout(60_000);
  let house: House;
  /** Its worker is stopped. */
  let idle: House;
  const { over, start, settled } = atOnce();

  before(async () => {
    [house, idle] = await Promise.all([openHouse(), openHouse()]);
    start();
  });
  after(async () => {
    await settled();
    try {
      for (const each of [house, idle]) expect(await each?.invariants()).to.deep.equal([]);
    } finally {
      await Promise.all([house?.close(), idle?.close()]);
    }
  });

  const makeShow = (on: House) => on.makeShow({ performance: { holdSeconds: HOLD_SECONDS } });
  const enter = async (on: House, show: Show) => on.enter(await on.fan(), show);
  async function holdOne(on: House, show: Show, ordinal: number): Promise<Held> {
    const by = await enter(on, show);
    const seat = { seatIds: [show.seatIds[ordinal] as string] };
    const { body } = await on.hold(by, seat, { expect: 201 });
    return { house: on, by, seat, body };
  }

  /** Tries as an impatient fan does. @returns how many milliseconds after the deadline it was won. */
  async function takeAgain({ house: on, seat, body }: Held, taker: Inside): Promise<number> {
    const deadline = Date.parse(body.expiresAt);
    expect((await on.hold(taker, seat)).status, "it was free before its deadline").to.equal(409);
    await sleep(Math.max(0, deadline - Date.now() - 200));
    const won = await eventually(
      async () => {
        const answer = await on.hold(taker, seat);
        return answer.status === 201 && answer;
      },
      { timeoutMs: 10_000, intervalMs: 50, what: "the seat" },
    );
    const from = Date.parse(won.body.expiresAt) - HOLD_SECONDS * 1_000;
    expect(from, "before its deadline").to.be.at.least(deadline);
    return from - deadline;
  }

  /** By the database's own record: to look at a reservation would end it, if it is over. */
  async function freed({ house: on, body }: Held): Promise<{ lagMs: number; cause: string }> {
    const history = () =>
      on.db("reservation_history").where({ reservation_id: body.id, to_status: "EXPIRED" });
    const what = { timeoutMs: 15_000, what: "the end of the hold" };
    const end = await eventually(() => history().first("at", "cause"), what);
    return { lagMs: new Date(end.at).getTime() - Date.parse(body.expiresAt), cause: end.cause };
  }

  async function refused({ house: on, by, body }: Held): Promise<void> {
    const late = await on.pay(by.fan, body.id);
    expect([late.status, late.body.code]).to.deep.equal([409, "HOLD_EXPIRED"]);
  }
  const shows = (on: House, show: Show, seats: string) =>
    eventually(async () => (await on.availability(show)).seats === seats, {
      timeoutMs: 10_000,
      what: `the map ${seats}`,
    });

  over("wanted by somebody else · the seat is theirs within two seconds of the deadline", async () => {
    const show = await makeShow(house);
    const held = await holdOne(house, show, 0);
    expect(await takeAgain(held, await enter(house, show))).to.be.below(PROMISED_MS);
    await refused(held);
    await shows(house, show, `H${"A".repeat(19)}`);
  });

  over("wanted by nobody · it is ended all the same, and shown as free", async () => {
    const show = await makeShow(house);
    const held = await holdOne(house, show, 0);
    const { lagMs, cause } = await freed(held);
    expect(cause).to.be.oneOf(["job", "sweeper"]);
    expect(lagMs).to.be.within(0, PROMISED_MS);
    await refused(held);
    await shows(house, show, "A".repeat(20));
  });

  over("when every job is lost · the sweeper ends them", async () => {
    const show = await makeShow(house);
    const holds = [await holdOne(house, show, 0), await holdOne(house, show, 1)];
    const redis = new Redis(house.environment.REDIS_URL as string);
    // They are made behind the answer: one that came after the loss would end its hold.
    const jobsOf = holds.map(({ body }) => `{fastpass}:jobs:hold-expiry:hold-${body.id}`);
    await eventually(async () => (await redis.exists(jobsOf)) === 2, { what: "the jobs" });
    // Those of the other holds here too, also of later ones: a job ends with its own hold whatever else is over.
    let areOver = false;
    const losing = (async () => {
      while (!areOver) {
        const jobs = await redis.keys("{fastpass}:jobs:*");
        if (jobs.length > 0) await redis.del(jobs);
        await sleep(50);
      }
    })();
    try {
      for (const held of holds) {
        const { lagMs, cause } = await freed(held);
        expect(cause).to.equal("sweeper");
        expect(lagMs).to.be.within(0, PROMISED_MS);
      }
    } finally {
      areOver = true;
      await losing;
      redis.disconnect();
    }
  });

  over(
    "while no worker runs · wanted seats change hands on time; one that starts ends the rest at once",
    async () => {
      const show = await makeShow(idle);
      const taker = await enter(idle, show);
      const [wanted, paidLate, unseen] = [
        await holdOne(idle, show, 0),
        await holdOne(idle, show, 1),
        await holdOne(idle, show, 2),
      ];
      await idle.workers[0]?.stop();
      expect(await takeAgain(wanted, taker)).to.be.below(PROMISED_MS);
      await sleep(Math.max(0, Date.parse(unseen.body.expiresAt) - Date.now() + 1_500));
      await refused(paidLate);
      const row = await idle.db("reservations").where({ id: unseen.body.id }).first("status");
      expect(row.status).to.equal("HELD");
      const startedAt = Date.now();
      await idle.addWorker();
      await freed(unseen);
      await shows(idle, show, `H${"A".repeat(19)}`);
      expect(Date.now() - startedAt).to.be.below(2 * PROMISED_MS);
    },
  );
});
