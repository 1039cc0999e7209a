import { expect } from "chai";
import { createLockService, type Lease, type LockService } from "../../src/platform/lock.ts";
import { createMetrics, type Metrics } from "../../src/platform/metrics.ts";
import { eventually } from "../support/wait.ts";
import { type PrivateRedis, privateRedis, randomName, recordingLogger, standStill } from "./support.ts";

const TTL_MS = 5_000;

describe("locks", () => {
  let nodes: PrivateRedis[];
  let service: LockService;
  let metrics: Metrics;

  before(async () => {
    nodes = await Promise.all([privateRedis(), privateRedis(), privateRedis()]);
  });
  after(() => Promise.all(nodes.map((node) => node.remove())));
  afterEach(() => service.close());

  /** Ready to lock: a node that is not yet connected would count as away. */
  async function start(count: number, enabled = true): Promise<void> {
    metrics = createMetrics();
    service = createLockService({
      urls: nodes.slice(0, count).map(({ url }) => url),
      enabled,
      log: recordingLogger(),
      waitSeconds: metrics.locks.waitSeconds,
      attempts: metrics.locks.attempts,
    });
    if (!enabled) return;
    await eventually(
      async () => {
        const lease = await take([randomName("ready")]);
        await lease.release();
        return Number.isFinite(lease.remainingMs());
      },
      { what: "the lock nodes" },
    );
    metrics.locks.attempts.reset();
  }

  async function take(resources: string[], ttlMs = TTL_MS): Promise<Lease> {
    const outcome = await service.acquire(resources, ttlMs);
    if (!outcome.ok) throw new Error(outcome.reason);
    return outcome.lease;
  }
  const outcomes = async () =>
    Object.fromEntries(
      (await metrics.locks.attempts.get()).values.map(({ labels, value }) => [labels.outcome, value]),
    );

  for (const count of [1, 3]) {
    describe(`on ${count} master${count > 1 ? "s" : ""}`, () => {
      beforeEach(() => start(count));

      it("a free resource · is ours, for the time asked for less the drift", async () => {
        const lease = await take([randomName("seat")]);
        expect(lease.remainingMs()).to.be.within(TTL_MS - 2_000, TTL_MS);
        await lease.release();
      });

      it("one that is held · is refused, and free again when given back", async () => {
        const seat = randomName("seat");
        const lease = await take([seat]);
        expect(await service.acquire([seat], TTL_MS)).to.deep.equal({ ok: false, reason: "CONTENDED" });
        await lease.release();
        await (await take([seat])).release();
        expect(await outcomes()).to.deep.equal({ acquired: 2, contended: 1 });
      });

      it("several of which one is held · none is taken", async () => {
        const [a, b, c] = ["a", "b", "c"].map(randomName) as [string, string, string];
        const lease = await take([b]);
        expect((await service.acquire([c, a, b], TTL_MS)).ok).to.equal(false);
        const others = await take([a, c]);
        await others.release();
        await lease.release();
      });

      it("forty at once on one · at most one has it", async () => {
        const seat = randomName("seat");
        const all = await Promise.all(Array.from({ length: 40 }, () => service.acquire([seat], TTL_MS)));
        const winners = all.filter(({ ok }) => ok);
        expect(winners.length).to.be.at.most(1);
        if (count === 1) expect(winners.length).to.equal(1);
        for (const outcome of winners) if (outcome.ok) await outcome.lease.release();
      });

      it("overlapping sets in any order · never meet", async () => {
        const seats = ["a", "b", "c"].map(randomName);
        const tries = Array.from({ length: 20 }, (_, index) => {
          const rotated = [...seats.slice(index % 3), ...seats.slice(0, index % 3)];
          return service.acquire(rotated.slice(0, 2), TTL_MS);
        });
        const held = (await Promise.all(tries)).filter(({ ok }) => ok);
        expect(held.length).to.be.at.most(1);
        for (const outcome of held) if (outcome.ok) await outcome.lease.release();
      });

      it("F20 · not given back · is free when its time is over, and the old lease says so and frees nothing", async () => {
        const seat = randomName("seat");
        // A grant that took its whole life is none.
        const old = await eventually(() => take([seat], 60), { what: "a lock that is not over yet" });
        const lease = await eventually(() => take([seat]), { what: "the expiry" });
        expect(old.remainingMs()).to.be.below(0);
        await old.release();
        expect((await service.acquire([seat], TTL_MS)).ok).to.equal(false);
        await lease.release();
      });
    });
  }

  describe("with nodes away", () => {
    it("the only one stopped · goes on without the lock, counted, and locks again on its return", async () => {
      await start(1);
      await nodes[0]?.stop();
      const lease = await eventually(
        async () => {
          const taken = await take([randomName("seat")]);
          return taken.remainingMs() === Number.POSITIVE_INFINITY && taken;
        },
        { what: "the loss" },
      );
      await lease.release();
      expect((await outcomes()).unavailable).to.equal(1);
      await nodes[0]?.restart();
      await eventually(async () => Number.isFinite((await take([randomName("seat")])).remainingMs()), {
        what: "its return",
      });
    });

    it("the only one hanging · is not taken for a held lock", async () => {
      await start(1);
      nodes[0]?.hang();
      const [first, second] = [await take([randomName("seat")]), await take([randomName("seat")])];
      nodes[0]?.goOn();
      expect([first.remainingMs(), second.remainingMs()]).to.deep.equal([
        Number.POSITIVE_INFINITY,
        Number.POSITIVE_INFINITY,
      ]);
      expect(await outcomes()).to.deep.equal({ unavailable: 2 });
      await eventually(async () => Number.isFinite((await take([randomName("seat")])).remainingMs()), {
        what: "its return",
      });
    });

    it("this process standing still · finds the answers that lie there", async () => {
      await start(1);
      const asked = take([randomName("seat")]);
      await standStill(700);
      const lease = await asked;
      expect(lease.remainingMs()).to.be.finite;
      await lease.release();
      expect(await outcomes()).to.deep.equal({ acquired: 1 });
    });

    it("one of three stopped · the other two decide", async () => {
      await start(3);
      await nodes[2]?.stop();
      const seat = randomName("seat");
      const lease = await take([seat]);
      expect(lease.remainingMs()).to.be.finite;
      expect((await service.acquire([seat], TTL_MS)).ok).to.equal(false);
      await lease.release();
      await nodes[2]?.restart();
    });

    it("two of three stopped · goes on without the lock", async () => {
      await start(3);
      await Promise.all([nodes[1]?.stop(), nodes[2]?.stop()]);
      const lease = await take([randomName("seat")]);
      expect(lease.remainingMs()).to.equal(Number.POSITIVE_INFINITY);
      await Promise.all([nodes[1]?.restart(), nodes[2]?.restart()]);
    });
  });

  it("F3 · the wall clock jumps by ten minutes, either way · the lease has the time it had", async () => {
    await start(1);
    const lease = await take([randomName("seat")]);
    const { now } = Date;
    try {
      for (const jumpMs of [-600_000, 600_000]) {
        Date.now = () => now() + jumpMs;
        expect(lease.remainingMs()).to.be.within(TTL_MS - 2_000, TTL_MS);
      }
    } finally {
      Date.now = now;
    }
    await lease.release();
  });

  it("turned off · gives every lock to everybody and says so", async () => {
    await start(1, false);
    const seat = randomName("seat");
    const leases = [await take([seat]), await take([seat])];
    for (const lease of leases) {
      expect(lease.remainingMs()).to.equal(Number.POSITIVE_INFINITY);
      await lease.release();
    }
    expect(await outcomes()).to.deep.equal({ off: 2 });
  });
});
