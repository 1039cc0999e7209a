/** How the programs refuse to start, and how they end; every program and every reason stand in test/long. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { freePort } from "../../scripts/local/ports.ts";
import { createRooms, startGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config.ts";
import { openPlatform } from "../../src/platform/index.ts";
import { createReleaser } from "../../src/platform/releaser.ts";
import { type Command, expectRefusal, type Program, run, twoAtATime } from "../support/house/processes.ts";
import { type Fan, type House, OPERATOR, openClient, openHouse } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const isConnected = (client: Socket) =>
  once(client, "connect").then(
    () => true,
    () => false,
  );

describe("contract · starting and ending", function () {
  this.timeout(60_000);
  let house: House;
  let taken: Server;
  let takenPort: string;
  const programs: Program[] = [];
  const start = (...args: Parameters<typeof run>): Program => {
    const program = run(...args);
    programs.push(program);
    return program;
  };

  before(async () => {
    house = await openHouse();
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    takenPort = String((taken.address() as { port: number }).port);
  });
  afterEach(async () => {
    await Promise.all(programs.splice(0).map((program) => program.kill()));
  });
  after(async () => {
    await new Promise((resolve) => taken.close(resolve));
    await house?.close();
  });

  it("a start that cannot work · one sentence that says what to do, and exit 1", async () => {
    const environment = { ...house.environment };
    const cases: [Command, Record<string, string>, RegExp][] = [
      ["npm start", { FASTPASS_METRICS_PORT: "yes" }, /FASTPASS_METRICS_PORT must be a number/],
      ["npm start", { ...environment, PORT: takenPort }, /is already in use; set PORT to a free one/],
      ["gateway", { ...environment, FASTPASS_REDLOK: "off" }, /FASTPASS_REDLOK .*FASTPASS_REDLOCK/],
      ["worker", { ...environment, REDIS_URL: "redis://127.0.0.1:1" }, /Redis does not answer .*REDIS_URL/],
    ];
    await twoAtATime(cases, async ([command, settings, names]) =>
      expectRefusal(await start(command, settings).ended, names),
    );
  });

  it("the end comes when the door has just been opened · whoever is in already is answered first", async () => {
    const port = await freePort();
    const releaser = createReleaser();
    const settings = loadConfig({ ...house.environment, PORT: String(port) });
    const platform = await openPlatform(settings, "gateway", releaser);
    const starting = startGateway(platform, createRooms(platform));
    let client = connect(port, "127.0.0.1");
    while (!(await isConnected(client))) client = connect(port, "127.0.0.1");
    const body = JSON.stringify({ email: OPERATOR.email, password: OPERATOR.password });
    client.write(
      `POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    const answer = text(client);
    const released = releaser.release();
    await sleep(500);
    client.write(body);
    expect(await answer).to.match(/^HTTP\/1\.1 200 /);
    await Promise.all([starting, released]);
  });

  it("SIGTERM to npm · gateway and worker drain and exit 0, the fan's socket is told 1012; no secret is logged", async () => {
    const gateway = start("npm run gateway", { ...house.environment, PORT: "0", LOG_LEVEL: "debug" });
    const worker = start("npm run worker", { ...house.environment });
    const [url] = await Promise.all([gateway.ready(), worker.ready()]);
    const client = await openClient(url);
    try {
      const show = await house.makeShow({ queue: { maxActive: 1 } });
      const [first, second] = (await house.fans(2)) as [Fan, Fan];
      await house.enter(first, show);
      const { ticket } = (await house.join(second, show, client)).body;
      const stream = house.stream(`/ws/v1/queues/${show.queueId}`, ticket, { on: client });
      await stream.next("state");
      const byQuery = house.stream(`/ws/v1/queues/${show.queueId}`, ticket, { on: client, by: "query" });
      await byQuery.next("state");
      await client.api("POST", "/auth/login", { body: OPERATOR, expect: 200 });
      await client.api("GET", `/me?token=${second.token}`, { token: second.token, expect: 400 });
      await eventually(() => gateway.output().includes('"path":"/api/v1/me"'), {
        what: "the line of the log",
      });
      expect(gateway.output(), "limits that are off are said loudly").to.contain("LIMITS ARE OFF");
      for (const secret of [ticket, second.token, OPERATOR.password])
        expect(gateway.output(), "the log tells a secret").to.not.contain(secret);
      for (const program of [gateway, worker]) program.signal("SIGTERM");
      expect((await stream.ended(10_000)).code).to.equal(1012);
      for (const { code, output } of await Promise.all([gateway.ended, worker.ended]))
        expect(code, output).to.equal(0);
    } finally {
      client.close();
    }
  });
});
