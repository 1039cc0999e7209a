/** The log of a real run, at its most talkative: ids from the request to the job, and nothing that opens a door. */
import { expect } from "chai";
import { type Program, run } from "../support/house/processes.ts";
import { type Client, type Fan, type House, OPERATOR, openClient, openHouse } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

type Line = Readonly<Record<string, unknown>> & { readonly level: string; readonly message: string };

describe("contract · logs", function () {
  this.timeout(90_000);
  let house: House;
  let gateway: Program;
  let worker: Program;
  let at: Client;
  /** Whatever must not be in a log. */
  const secrets: string[] = [];
  const holdId = "hold-of-the-log";
  const socketId = "socket-of-the-log";

  const linesOf = (program: Program): Line[] =>
    program
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));

  const changes = () => linesOf(gateway).filter(({ message }) => message === "log level changed");

  before(async () => {
    house = await openHouse({ workers: 0 });
    const environment = { ...house.environment, LOG_LEVEL: "debug" };
    gateway = run("gateway", { ...environment, LOG_LEVEL: "info" });
    worker = run("worker", environment);
    at = await openClient(await gateway.ready());
    await worker.ready();
    gateway.signal("SIGUSR2");
    await eventually(() => changes().length === 1, { what: "the most talkative level" });
    const [fan] = await house.fans(1);
    await story(fan as Fan);
  });
  after(async () => {
    at?.close();
    await Promise.all([gateway?.kill(), worker?.kill()]);
    await house?.close();
  });

  async function story(fan: Fan): Promise<void> {
    const password = "a password that nobody may read";
    const signed = await at.api("POST", "/auth/signup", {
      body: { email: "who@secret.example", password, name: "Who" },
      expect: 201,
    });
    await at.api("POST", "/auth/login", { body: { email: "who@secret.example", password: `${password}!` } });
    await at.api("GET", "/me", { token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.bm90LW91cnM" });
    const show = await house.makeShow({ performance: { holdSeconds: 5 } });
    const inside = await house.enter(fan, show, at);
    const good = house.stream(`/ws/v1/queues/${show.queueId}`, inside.ticket, { by: "query", on: at });
    await good.next("state");
    good.close();
    await good.ended();
    const held = await house.hold(
      inside,
      { seatIds: [show.seatIds[0]] },
      { expect: 201, headers: { "X-Request-Id": holdId } },
      at,
    );
    const bad = house.stream(`/ws/v1/queues/${show.queueId}?x=${socketId}`, inside.pass, { on: at });
    await bad.ended();
    const { FASTPASS_ACCESS_SECRET, FASTPASS_TICKET_SECRET, FASTPASS_WEBHOOK_SECRET } = house.environment;
    secrets.push(
      password,
      fan.token,
      fan.password,
      inside.pass,
      inside.ticket,
      signed.body.accessToken,
      String(signed.headers["set-cookie"]).split(";")[0]?.split("=")[1] ?? "no cookie",
      OPERATOR.password,
      house.operatorToken,
      String(FASTPASS_ACCESS_SECRET),
      String(FASTPASS_TICKET_SECRET),
      String(FASTPASS_WEBHOOK_SECRET),
      "bm90LW91cnM",
      "$argon2",
    );
    await eventually(() => linesOf(worker).some(({ jobId }) => jobId === `hold-${held.body.id}`), {
      timeoutMs: 20_000,
      what: "the line of the job",
    });
  }

  it("every line · of both processes · is JSON with level, message, service and time", () => {
    for (const program of [gateway, worker]) {
      for (const line of program.output().split("\n").filter(Boolean)) {
        expect(() => JSON.parse(line), line).to.not.throw();
        expect(JSON.parse(line)).to.include.keys("level", "message", "service", "timestamp");
      }
    }
  });

  it("secrets, passwords and tokens · also those that came in a URL or were refused · are in no line", () => {
    const text = gateway.output() + worker.output();
    expect(secrets.filter((secret) => text.includes(secret))).to.deep.equal([]);
    expect(text, "a token of any kind").to.not.match(/eyJ[\w-]+\.eyJ/);
  });

  it("the id of a request · is on its own line and on that of the job that ends its hold", () => {
    const of = (program: Program) => linesOf(program).filter(({ requestId }) => requestId === holdId);
    expect(of(gateway)).to.have.length(1);
    expect(of(gateway)[0]).to.include({ message: "request", method: "POST", status: 201 });
    expect(of(worker)[0]).to.include({ message: "job", queue: "hold-expiry" });
  });

  it("a stream · that closed · has its line, under the id of its upgrade", () => {
    const closed = linesOf(gateway).filter(({ message }) => message === "stream closed");
    expect(closed.map(({ code }) => code)).to.include(4401);
    for (const line of closed) expect(line.requestId).to.match(/^[\w.-]+$/);
  });

  it("SIGUSR2 · a second time · turns the lines of level debug off again", async () => {
    gateway.signal("SIGUSR2");
    await eventually(() => changes().length === 2, { what: "the line" });
    expect(changes().map(({ to }) => to)).to.deep.equal(["debug", "info"]);
  });
});
