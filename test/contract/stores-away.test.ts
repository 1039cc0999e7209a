/**
 * Redis or PostgreSQL away: stopped, which refuses connections, and frozen, which answers nothing. Requests are told
 * so soon, what does not need the lost one goes on, and everything comes back by itself.
 */
import path from "node:path";
import { expect } from "chai";
import { removePlace, temporaryPlace } from "../../scripts/local/places.ts";
import { type RunningPostgres, startPostgres } from "../../scripts/local/postgres.ts";
import { type RunningRedis, startRedis } from "../../scripts/local/redis.ts";
import { migrate } from "../../src/migrations/index.ts";
import { descendantsOf } from "../support/house/processes.ts";
import { type Answer, type Fan, type House, type Inside, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

/** An answer is promised within about two seconds; later than this it hung. */
const HUNG_MS = 4_000;

describe("contract · a store away", function () {
  this.timeout(60_000);
  let dir: string;
  let redis: RunningRedis;
  let postgres: RunningPostgres;
  let house: House;
  let show: Show;
  let inside: Inside;
  let waiting: Fan;
  let ticket: string;
  let held: Answer["body"];

  before(async () => {
    dir = await temporaryPlace("away");
    [redis, postgres] = await Promise.all([
      startRedis({ dir: path.join(dir, "redis"), durable: true }),
      startPostgres({ dir: path.join(dir, "postgres"), durable: false }),
    ]);
    await migrate(postgres.url);
    house = await openHouse({ redisUrl: redis.url, databaseUrl: postgres.url });
    show = await house.makeShow({ queue: { maxActive: 1 } });
    const [first, second] = (await house.fans(2)) as [Fan, Fan];
    inside = await house.enter(first, show);
    held = (await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 })).body;
    waiting = second;
    ticket = (await house.join(second, show)).body.ticket;
  });
  after(async () => {
    await house?.close();
    await Promise.all([redis?.stop(), postgres?.stop()]);
    await removePlace(dir);
  });

  type Call = [method: string, path: string, ask?: object];
  const calls = (): Record<"both" | "postgres" | "redis" | "none", Call[]> => {
    const token = inside.fan.token;
    const seat = { seatIds: [show.seatIds[1]] };
    return {
      both: [
        ["GET", `/queues/${show.queueId}`],
        ["POST", `/performances/${show.id}/reservations`, { token, pass: inside.pass, body: seat }],
      ],
      redis: [
        ["POST", `/queues/${show.queueId}/tickets`, { token }],
        ["GET", `/queues/${show.queueId}/tickets/me`, { token }],
        ["POST", `/queues/${show.queueId}/tickets/me/claim`, { token }],
      ],
      postgres: [
        ["GET", "/events"],
        ["GET", "/me", { token }],
        ["GET", `/reservations/${held.id}`, { token }],
        ["GET", "/me/reservations", { token }],
        ["POST", "/auth/login", { body: { email: inside.fan.email, password: inside.fan.password } }],
        ["POST", "/auth/signup", { body: { email: "a@example.org", password: "long enough", name: "A" } }],
        ["GET", "/operator/audit", { token: house.operatorToken }],
      ],
      none: [
        ["GET", `/performances/${show.id}/layout`],
        ["POST", "/operator/stream-tokens", { token: house.operatorToken }],
      ],
    };
  };

  async function expectAway(which: "redis" | "postgres", code: string): Promise<void> {
    const all = calls();
    const away = await Promise.all(
      [...all.both, ...all[which]].map(async ([method, path, ask]) => {
        const answer = await house.client.api(method, path, ask);
        return { call: `${method} ${path}`, answer };
      }),
    );
    for (const { call, answer } of away) {
      expect([call, answer.status, answer.body.code]).to.deep.equal([call, 503, code]);
      expect(answer.body.retryable).to.equal(true);
      expect(Number(answer.headers["retry-after"])).to.be.within(1, 30);
      expect(answer.tookMs, call).to.be.below(HUNG_MS);
    }
    const ready = await house.client.at("GET", "/readyz", { expect: 503 });
    expect(ready.body.failing).to.deep.equal([which === "redis" ? "redis" : "postgresql"]);
    await house.client.at("GET", "/healthz", { expect: 200 });
    const others = which === "redis" ? all.postgres : [];
    for (const [method, path, ask] of [
      ...others.filter(([, path]) => !path.startsWith("/auth")),
      ...all.none,
    ]) {
      const answer = await house.client.api(method, path, ask);
      expect(answer.status, `${method} ${path} needs no ${which}`).to.be.oneOf([200, 201]);
    }
  }

  /** Everything works as before, and nobody has lost anything. */
  async function expectBack(): Promise<void> {
    await eventually(async () => (await house.client.at("GET", "/readyz")).status === 200, {
      timeoutMs: 15_000,
      what: "readiness",
    });
    const seen = await eventually(
      async () => {
        const { status, body } = await house.ticketOf(waiting, show);
        return status === 200 && body.position !== null && body;
      },
      { timeoutMs: 10_000, what: "the place" },
    );
    expect([seen.state, seen.position, seen.ticketId]).to.deep.equal([
      "waiting",
      1,
      JSON.parse(claims(ticket)).jti,
    ]);
    expect((await house.claim(inside.fan, show)).body.pass).to.equal(inside.pass);
    const { body } = await house.reservation(inside.fan, held.id);
    expect([body.status, body.version]).to.deep.equal([held.status, held.version]);
    const fresh = await house.hold(inside, { seatIds: [show.seatIds[1]] }, { expect: 201 });
    const path = `/reservations/${fresh.body.id}`;
    await house.client.api("DELETE", path, { token: inside.fan.token, expect: 204 });
    expect(await house.invariants()).to.deep.equal([]);
  }

  it("Redis stopped · 503 with Retry-After for what needs it, the rest goes on; back by itself", async () => {
    const stream = house.stream(`/ws/v1/queues/${show.queueId}`, ticket);
    await stream.next("position");
    await redis.stop();
    await expectAway("redis", "QUEUE_UNAVAILABLE");
    await redis.restart();
    await expectBack();
    expect(stream.socket.readyState, "the fan's socket stays open").to.equal(stream.socket.OPEN);
    const before = stream.of("position").length;
    await eventually(() => stream.of("position").length > before, {
      timeoutMs: 6_000,
      what: "positions again",
    });
    stream.close();
  });

  it("Redis frozen · the same", async () => {
    process.kill(redis.pid, "SIGSTOP");
    try {
      await expectAway("redis", "QUEUE_UNAVAILABLE");
    } finally {
      process.kill(redis.pid, "SIGCONT");
    }
    await expectBack();
  });

  it("PostgreSQL stopped · 503 with Retry-After for what needs it; back by itself", async () => {
    await postgres.stop();
    await expectAway("postgres", "DATABASE_UNAVAILABLE");
    await postgres.restart();
    await expectBack();
  });

  it("PostgreSQL frozen · the same", async () => {
    const frozen = [postgres.pid, ...descendantsOf(postgres.pid)];
    for (const pid of frozen) process.kill(pid, "SIGSTOP");
    try {
      await expectAway("postgres", "DATABASE_UNAVAILABLE");
    } finally {
      for (const pid of frozen) process.kill(pid, "SIGCONT");
    }
    await expectBack();
  });
});

function claims(token: string): string {
  return Buffer.from(token.split(".")[1] as string, "base64url").toString();
}
