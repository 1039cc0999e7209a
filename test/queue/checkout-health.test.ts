import { expect } from "chai";
import { createCheckoutHealth } from "../../src/queue/checkout-health.ts";
import type { HoldCounts } from "../../src/queue/line-store.ts";

describe("checkout health", () => {
  function meter(targetMs: number | null) {
    const told: (HoldCounts & { queueId: string })[] = [];
    let crowded = false;
    const health = createCheckoutHealth(
      {
        async reportHolds(queueId, _gatewayId, counts) {
          told.push({ queueId, ...counts });
          return targetMs;
        },
      },
      () => crowded,
    );
    return {
      told,
      hold: (tookMs: number, failed = false, queueId = "q") => health.note({ queueId, tookMs, failed }),
      setCrowded(now: boolean) {
        crowded = now;
      },
      report: () => health.report("g"),
    };
  }

  it("report · of holds · counts the slow ones once it knows the target, the failed and the crowded", async () => {
    const { told, hold, report, setCrowded } = meter(100);
    hold(500);
    await report();
    hold(100);
    hold(101);
    hold(5, true);
    setCrowded(true);
    hold(5);
    await report();
    expect(told).to.deep.equal([
      { queueId: "q", total: 1, slow: 0, failed: 0, crowded: 0 },
      { queueId: "q", total: 5, slow: 1, failed: 1, crowded: 1 },
    ]);
  });

  it("report · after five seconds · forgets, says so once, and is silent then", async () => {
    const { told, hold, report } = meter(100);
    hold(1);
    for (let second = 0; second < 8; second += 1) await report();
    expect(told.map(({ total }) => total)).to.deep.equal([1, 1, 1, 1, 1, 0]);
  });

  it("report · of several queues · is one command for each, and slow is nothing where the rate is fixed", async () => {
    const { told, hold, report } = meter(null);
    hold(1, false, "a");
    hold(9_000, false, "b");
    await report();
    hold(9_000, false, "b");
    await report();
    expect(told.map(({ queueId, total, slow }) => [queueId, total, slow])).to.deep.equal([
      ["a", 1, 0],
      ["b", 1, 0],
      ["a", 1, 0],
      ["b", 2, 0],
    ]);
  });
});
