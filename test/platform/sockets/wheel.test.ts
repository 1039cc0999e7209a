import { expect } from "chai";
import { createTimerWheel, type TimerWheel, type WheelEntry } from "../../../src/platform/sockets/index.ts";
import { eventually } from "../../support/wait.ts";

const SLOT_MS = 2;
const TURN_MS = 512 * SLOT_MS;

describe("timer wheel", () => {
  let wheel: TimerWheel;
  beforeEach(() => {
    wheel = createTimerWheel(SLOT_MS);
  });
  afterEach(() => wheel.stop());

  /** When an entry scheduled now runs, in ms from now. */
  const runAfter = (delayMs: number) =>
    new Promise<number>((resolve) => {
      const startedAt = performance.now();
      wheel.schedule(delayMs, () => resolve(performance.now() - startedAt));
    });

  it("a delay · of any length · is never cut short", async () => {
    const delays = [0, 1, SLOT_MS, 7, 33, 250, TURN_MS - SLOT_MS, TURN_MS, TURN_MS + SLOT_MS, TURN_MS + 130];
    const ran = await Promise.all(delays.map(runAfter));
    for (const [index, delay] of delays.entries()) expect(ran[index], `${delay} ms`).to.be.at.least(delay);
  });

  it("entries · of different delays · run in their order", async () => {
    const order: number[] = [];
    for (const delay of [120, 20, 70, TURN_MS + 50, 0]) wheel.schedule(delay, () => order.push(delay));
    await eventually(() => order.length === 5, { what: "all entries" });
    expect(order).to.deep.equal([0, 20, 70, 120, TURN_MS + 50]);
  });

  it("an entry scheduled in the middle of a slot · does not run a part of a slot early", async () => {
    const early: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      const until = performance.now() + (round % SLOT_MS);
      while (performance.now() < until); // into the slot, by less than its length
      const took = await runAfter(SLOT_MS * 2);
      if (took < SLOT_MS * 2) early.push(took);
    }
    expect(early).to.deep.equal([]);
  });

  it("cancelled · at any distance · never runs", async () => {
    const ran: number[] = [];
    const entries = [0, 20, TURN_MS + 20].map((delay) => wheel.schedule(delay, () => ran.push(delay)));
    for (const entry of entries) wheel.cancel(entry);
    expect(wheel.size).to.equal(0);
    await runAfter(TURN_MS + 100);
    expect(ran).to.deep.equal([]);
  });

  it("cancelled by an entry of the same slot · does not run", async () => {
    let ran = false;
    let other: WheelEntry | undefined;
    wheel.schedule(20, () => other && wheel.cancel(other));
    other = wheel.schedule(20, () => {
      ran = true;
    });
    await runAfter(60);
    expect([ran, wheel.size]).to.deep.equal([false, 0]);
  });

  it("cancelled after it ran, or twice · changes nothing", async () => {
    let runs = 0;
    const entry = wheel.schedule(0, () => {
      runs += 1;
    });
    await eventually(() => runs === 1, { what: "the entry" });
    const other = wheel.schedule(TURN_MS, () => undefined);
    wheel.cancel(entry);
    wheel.cancel(entry);
    expect(wheel.size).to.equal(1);
    wheel.cancel(other);
    wheel.cancel(other);
    expect(wheel.size).to.equal(0);
  });

  it("an entry that schedules itself exactly a turn away · runs once a turn, not for ever", async () => {
    let runs = 0;
    const again = () => {
      runs += 1;
      wheel.schedule(TURN_MS - SLOT_MS, again);
      wheel.schedule(TURN_MS, () => undefined);
    };
    wheel.schedule(0, again);
    await eventually(() => runs > 0, { what: "the first run" });
    await runAfter(50);
    expect(runs).to.equal(1);
  });

  it("a blocked event loop · is caught up with, in order", async () => {
    const order: number[] = [];
    for (const delay of [80, 10, 40]) wheel.schedule(delay, () => order.push(delay));
    const until = performance.now() + 120;
    while (performance.now() < until);
    await eventually(() => order.length === 3, { what: "all entries" });
    expect(order).to.deep.equal([10, 40, 80]);
  });

  it("10,000 entries · need one timer of Node's", () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const entries = Array.from({ length: 10_000 }, (_, index) =>
      wheel.schedule(1_000 + index, () => undefined),
    );
    expect(wheel.size).to.equal(10_000);
    expect(timers()).to.equal(before);
    for (const entry of entries) wheel.cancel(entry);
    expect(wheel.size).to.equal(0);
  });
});
