import { expect } from "chai";
import { type Fan, type House, openHouse, type Show } from "../support/house.ts";
import { type Monitor, openMonitor } from "./monitor.ts";

describe("D1 · Redis commands a join", () => {
  let house: House;
  let monitor: Monitor;
  let show: Show;
  let fans: Fan[];

  before(async () => {
    house = await openHouse({ workers: 0, environment: { FASTPASS_LIMITS: "on" } });
    monitor = await openMonitor(house.environment.REDIS_URL as string);
    show = await house.makeShow({ queue: { maxActive: 1, ratePerMinute: 1, arrivalSeconds: 3_600 } });
    fans = await house.fans(22);
    // The first is admitted, and the script is sent whole once.
    for (const fan of fans.splice(0, 2)) await house.join(fan, show);
  });
  after(async () => {
    monitor.close();
    await house.close();
  });

  it("a join over HTTP · with limits, metrics and a signed ticket · is one command", async () => {
    for (const fan of fans) {
      await monitor.take();
      const { status } = await house.join(fan, show);
      const commands = await monitor.take();
      expect(status).to.equal(201);
      expect(commands.filter(({ args }) => args.includes(fan.userId)).map(({ name }) => name)).to.deep.equal([
        "evalsha",
      ]);
      // Whatever else was sent meanwhile is the gateway's heartbeat, which is the same however many join.
      const others = commands.filter(({ args }) => !args.includes(fan.userId));
      expect(others).to.have.length.at.most(1);
    }
  });
});
