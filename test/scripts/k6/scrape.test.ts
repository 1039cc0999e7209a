import { expect } from "chai";
import { scrapeTargets } from "../../../scripts/k6/scrape.ts";

describe("k6 · whom Prometheus scrapes", () => {
  it("gateways and workers · are told by address, under the jobs of the boards and their own names", () => {
    const member = (name: string, port: number) => ({
      name,
      metrics: new URL(`http://127.0.0.1:${port}/metrics`),
    });
    const house = { gateways: [member("gateway-1", 4001)], workers: [member("worker-a", 4002)] };
    expect(scrapeTargets(house)).to.deep.equal([
      { targets: ["127.0.0.1:4001"], labels: { job: "fastpass-gateway", instance: "gateway-1" } },
      { targets: ["127.0.0.1:4002"], labels: { job: "fastpass-worker", instance: "worker-a" } },
    ]);
  });
});
