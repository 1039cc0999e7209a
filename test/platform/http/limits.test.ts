import { expect } from "chai";
import request from "supertest";
import type { RateLimitRule } from "../../../src/platform/http/route.ts";
import { echo, type Served, serve } from "./harness.ts";

const rule = (by: RateLimitRule["by"]): RateLimitRule => ({ name: "few", limit: 2, windowSeconds: 60, by });

describe("limits", () => {
  let served: Served;

  beforeEach(async () => {
    served = await serve({
      limits: true,
      routes: [
        echo({ method: "get", path: "/by-address", limit: rule("address") }),
        echo({ method: "get", path: "/by-account", limit: rule("account"), access: "account" }),
        echo({ method: "get", path: "/free" }),
      ],
    });
  });
  afterEach(() => served.close());

  const get = (path: string, token = "fan") =>
    request(served.url).get(path).set("Authorization", `Bearer ${token}`);

  it("within the limit · says the policy and what is left", async () => {
    const response = await get("/by-address");
    expect(response.headers["ratelimit-policy"]).to.match(/^"few"; q=2; w=60/);
    expect(response.headers.ratelimit).to.match(/^"few"; r=1; t=\d+$/);
    expect((await get("/by-address")).headers.ratelimit).to.match(/r=0/);
  });

  it("beyond it · answers 429 with Retry-After and both headers", async () => {
    await get("/by-address");
    await get("/by-address");
    const response = await get("/by-address");
    expect([response.status, response.body.code]).to.deep.equal([429, "RATE_LIMITED"]);
    expect(Number(response.headers["retry-after"])).to.be.within(1, 60);
    expect(response.headers).to.include.keys("ratelimit", "ratelimit-policy");
    expect(response.headers["content-type"]).to.match(/^application\/problem\+json/);
  });

  it("by account · counts each account for itself", async () => {
    for (let call = 0; call < 3; call += 1) await get("/by-account");
    expect((await get("/by-account")).status).to.equal(429);
    expect((await get("/by-account", "gate")).status).to.equal(200);
  });

  it("another route · is not counted", async () => {
    for (let call = 0; call < 3; call += 1) await get("/by-address");
    const response = await get("/free");
    expect(response.status).to.equal(200);
    expect(response.headers).to.not.have.property("ratelimit");
  });

  it("turned off · nothing is counted", async () => {
    const unlimited = await serve({ routes: [echo({ method: "get", path: "/", limit: rule("address") })] });
    for (let call = 0; call < 5; call += 1) {
      expect((await request(unlimited.url).get("/")).status).to.equal(200);
    }
    await unlimited.close();
  });
});
