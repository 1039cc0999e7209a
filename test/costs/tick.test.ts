import { expect } from "chai";
import { costOfTicks } from "./ticking.ts";

/** A tick, what it decided, and its commit; one more is allowed to the ticks that were under way at either end. */
const COMMANDS_A_TICK = 3;

describe("D2 · Redis commands a position tick", () => {
  for (const sockets of [10, 1_000, 10_000]) {
    it(`${sockets} sockets · at most three commands a tick`, async function () {
      this.timeout(120_000);
      const { commands, ticks, told } = await costOfTicks({ sockets, others: 0 });
      expect(told).to.be.at.least(sockets / 10);
      expect(commands).to.be.at.most(COMMANDS_A_TICK * (ticks + 1));
    });
  }

  for (const waiting of [1_000, 100_000]) {
    it(`${waiting} waiting · at most three commands a tick`, async function () {
      this.timeout(120_000);
      const { commands, ticks } = await costOfTicks({ sockets: 10, others: waiting - 10 });
      expect(commands).to.be.at.most(COMMANDS_A_TICK * (ticks + 1));
    });
  }
});
