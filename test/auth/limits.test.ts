import { expect } from "chai";
import type { Redis } from "ioredis";
import { type TestDatabase, testServers } from "../support/servers.ts";
import {
  type Gateway,
  type GatewayOptions,
  newEmail,
  openGateway,
  PASSWORD,
  post,
  signUp,
} from "./fixture.ts";

describe("limits of accounts", () => {
  let database: TestDatabase;
  let options: GatewayOptions;
  const open: Gateway[] = [];

  before(async () => {
    const servers = await testServers();
    database = await servers.createDatabase();
    options = { databaseUrl: database.url, redisUrl: servers.redisUrl };
  });
  afterEach(async () => {
    for (const gateway of open.splice(0)) await gateway.close();
  });
  after(() => database.drop());

  async function gatewayWith(more: Partial<GatewayOptions>): Promise<Gateway> {
    const gateway = await openGateway({ ...options, ...more });
    open.push(gateway);
    return gateway;
  }
  const login = (url: string, email: string, password: string, address = "203.0.113.7") =>
    post(url, "/auth/login").set("X-Forwarded-For", address).send({ email, password });
  const strict = { limits: true, trustProxy: true, loginFailures: { limit: 3, windowSeconds: 60 } };

  it("login · after repeated wrong passwords · is refused on every gateway, also with the right one", async () => {
    const here = await gatewayWith(strict);
    const there = await gatewayWith(strict);
    const { email } = await signUp(here.url);
    await login(here.url, email, "wrong").expect(401);
    await login(there.url, email, "wrong").expect(401);
    await login(here.url, email, "wrong").expect(401);
    const { body, headers } = await login(there.url, email, PASSWORD).expect(429);
    expect(body).to.include({ code: "RATE_LIMITED", retryable: true });
    expect(Number(headers["retry-after"])).to.be.within(1, 60);
    expect(headers.ratelimit).to.match(/"login-failures"; r=0; t=\d+/);
    expect(headers["ratelimit-policy"]).to.match(/"login-failures"; q=3; w=60/);
  });

  it("login · of an email nobody has · is refused after as many tries", async () => {
    const { url } = await gatewayWith(strict);
    const email = newEmail();
    for (let attempt = 0; attempt < 3; attempt += 1) await login(url, email, "wrong").expect(401);
    await login(url, email, "wrong").expect(429);
  });

  it("login · from another address, or of another email · is not held up", async () => {
    const { url } = await gatewayWith(strict);
    const { email } = await signUp(url);
    for (let attempt = 0; attempt < 4; attempt += 1) await login(url, email, "wrong");
    await login(url, email, PASSWORD).expect(429);
    await login(url, email, PASSWORD, "203.0.113.8").expect(200);
    await login(url, (await signUp(url)).email, PASSWORD).expect(200);
  });

  it("login · from one IPv6 network · counts as one address", async () => {
    const { url } = await gatewayWith(strict);
    const { email } = await signUp(url);
    for (const host of ["1", "2", "3"]) await login(url, email, "wrong", `2001:db8:7::${host}`).expect(401);
    await login(url, email, PASSWORD, "2001:db8:7::4").expect(429);
  });

  it("login · with the right password · forgets the wrong ones before", async () => {
    const { url } = await gatewayWith(strict);
    const { email } = await signUp(url);
    for (let round = 0; round < 3; round += 1) {
      await login(url, email, "wrong").expect(401);
      await login(url, email, "wrong").expect(401);
      await login(url, email, PASSWORD).expect(200);
    }
  });

  it("login · with many guesses at once · looks at no more than the limit", async () => {
    const { url } = await gatewayWith(strict);
    const { email } = await signUp(url);
    const answers = await Promise.all(Array.from({ length: 20 }, () => login(url, email, "wrong")));
    expect(answers.filter(({ status }) => status === 401)).to.have.length(3);
    expect(answers.filter(({ status }) => status === 429)).to.have.length(17);
  });

  it("login · refused because the hashing queue is full · does not count as a wrong password", async () => {
    const full = await gatewayWith({ ...strict, hashing: { concurrency: 0, waiting: 0 } });
    const { url } = await gatewayWith(strict);
    const { email } = await signUp(url);
    for (let attempt = 0; attempt < 5; attempt += 1) await login(full.url, email, PASSWORD).expect(503);
    for (let attempt = 0; attempt < 3; attempt += 1) await login(url, email, "wrong").expect(401);
    await login(url, email, "wrong").expect(429);
  });

  it("login · while Redis is away · goes on", async () => {
    const gateway = await gatewayWith(strict);
    const { email } = await signUp(gateway.url);
    gateway.redis.disconnect();
    for (let attempt = 0; attempt < 5; attempt += 1) await login(gateway.url, email, "wrong").expect(401);
    await login(gateway.url, email, PASSWORD).expect(200);
  });

  it("login failures · in Redis · name nobody and end by themselves", async () => {
    const gateway = await gatewayWith(strict);
    const email = newEmail();
    const redis = gateway.redis as Redis;
    const before = new Set(await redis.keys("fastpass:auth:failures:*"));
    await login(gateway.url, email, "wrong").expect(401);
    const [key, ...others] = (await redis.keys("fastpass:auth:failures:*")).filter(
      (name) => !before.has(name),
    );
    expect(others).to.deep.equal([]);
    expect(key).not.to.contain(email);
    expect(await redis.pttl(key!)).to.be.within(1, 60_000);
  });

  it("login and sign-up · over the limit by address · are refused with the headers of the limit", async () => {
    const { url } = await gatewayWith({ limits: true, trustProxy: true });
    const first = await login(url, "none", "x").expect(400);
    expect(first.headers.ratelimit).to.match(/"login"; r=239; t=\d+/);
    expect(first.headers["ratelimit-policy"]).to.match(/"login"; q=240; w=60/);
    for (let attempt = 1; attempt < 240; attempt += 1) await login(url, "none", "x").expect(400);
    const refused = await login(url, "none", "x").expect(429);
    expect(refused.body.code).to.equal("RATE_LIMITED");
    expect(Number(refused.headers["retry-after"])).to.be.within(1, 60);
    const signup = () => post(url, "/auth/signup").set("X-Forwarded-For", "203.0.113.7").send({});
    for (let attempt = 0; attempt < 120; attempt += 1) await signup().expect(400);
    await signup().expect(429);
  });

  it("limits · turned off · let everything through and leave no headers", async () => {
    const { url } = await gatewayWith({ ...strict, limits: false });
    const { email } = await signUp(url);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const { headers } = await login(url, email, "wrong").expect(401);
      expect(headers).not.to.have.property("ratelimit");
    }
    await login(url, email, PASSWORD).expect(200);
  });
});
