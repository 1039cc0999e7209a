/** Every program, every reason not to start, and every way to end it. */
import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import {
  type Command,
  expectRefusal,
  type Program,
  run,
  spawnProgram,
  twoAtATime,
} from "../../support/house/processes.ts";
import { type Fan, type House, openClient, openHouse } from "../../support/house.ts";

const PASS_KEY = fileURLToPath(new URL("../../support/fixtures/pass-key.pem", import.meta.url));

describe("contract · starting and ending, all of it", function () {
  this.timeout(120_000);
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

  type Case = [Command, Record<string, string>, RegExp];
  const refuseAll = (cases: readonly Case[]) =>
    twoAtATime(cases, async ([command, settings, names]) =>
      expectRefusal(await start(command, settings).ended, names),
    );
  const environment = () => ({ ...house.environment });

  it("a wrong or unknown setting · a sentence that says what to write", async () => {
    const { DATABASE_URL: _, ...noDatabase } = environment();
    await refuseAll([
      ["gateway", { ...environment(), PORT: "http" }, /PORT must be a number/],
      ["worker", { ...environment(), FASTPASS_REDLOK: "off" }, /FASTPASS_REDLOK .*FASTPASS_REDLOCK/],
      ["gateway", noDatabase, /DATABASE_URL is required/],
      ["npm start", { ...environment(), LOG_LEVEL: "loud" }, /LOG_LEVEL must be one of/],
      ["npm run gateway", { ...environment(), FASTPASS_LIMITS: "maybe" }, /FASTPASS_LIMITS must be one of/],
      ["gateway", { ...environment(), NODE_ENV: "production" }, /FASTPASS_PASS_KEY_FILE is required/],
    ]);
  });

  it("a port that is taken · the setting to change", async () => {
    const settings = { ...environment(), PORT: takenPort };
    const sentence = new RegExp(`Port ${takenPort} is already in use; set PORT`);
    const metrics = { ...environment(), FASTPASS_METRICS_PORT: takenPort };
    await refuseAll([
      ["gateway", settings, sentence],
      ["npm start", settings, sentence],
      ["npm run gateway", settings, sentence],
      ["worker", metrics, /FASTPASS_METRICS_PORT/],
    ]);
  });

  it("no Redis, no PostgreSQL, an empty database · the setting to correct or the command to run", async () => {
    const empty = new URL(house.environment.DATABASE_URL as string);
    empty.pathname = "/postgres";
    const nobody = "postgres://127.0.0.1:1/x";
    await refuseAll([
      ["worker", { ...environment(), REDIS_URL: "redis://127.0.0.1:1" }, /Redis does not answer .*REDIS_URL/],
      ["npm start", { ...environment(), REDIS_URL: "redis://127.0.0.1:1" }, /Redis does not answer/],
      ["gateway", { ...environment(), DATABASE_URL: nobody }, /PostgreSQL does not answer .*DATABASE_URL/],
      ["npm start", { ...environment(), DATABASE_URL: nobody }, /PostgreSQL does not answer/],
      ["gateway", { ...environment(), DATABASE_URL: empty.href }, /npm run migrate/],
      ["worker", { ...environment(), DATABASE_URL: empty.href }, /npm run migrate/],
    ]);
  });

  it("no redis-server on this machine · the one command to run", async function () {
    if (!mayHidePrograms()) this.skip();
    const hidden = ["/usr/bin/redis-server", "/usr/bin/apt-get"];
    const hide = hidden.map((file) => `{ [ ! -e ${file} ] || mount --bind /dev/null ${file}; }`).join(" && ");
    const { REDIS_URL: _, ...settings } = environment();
    const command = ["unshare", "--mount", "sh", "-c", `${hide} && exec npm start --silent`];
    const program = spawnProgram(command, settings);
    programs.push(program);
    expectRefusal(await program.ended, /needs redis-server, which is not installed/);
  });

  for (const [command, whom] of [
    ["npm run gateway", "node"],
    ["npm start", "it"],
    ["npm start", "node"],
    ["gateway", "it"],
  ] as const) {
    it(`${command} · SIGTERM to ${whom === "it" ? "it" : "node"} · tells the fan's socket 1012 and exits 0`, async () => {
      const program = start(command, { ...environment(), PORT: "0" });
      const client = await openClient(await program.ready());
      try {
        const show = await house.makeShow({ queue: { maxActive: 1 } });
        const [first, second] = (await house.fans(2)) as [Fan, Fan];
        await house.enter(first, show);
        const { ticket } = (await house.join(second, show, client)).body;
        const stream = house.stream(`/ws/v1/queues/${show.queueId}`, ticket, { on: client });
        await stream.next("state");
        program.signal("SIGTERM", whom);
        expect((await stream.ended(10_000)).code).to.equal(1012);
        const { code, output } = await program.ended;
        expect(code, output).to.equal(0);
      } finally {
        client.close();
      }
    });
  }

  it("a worker · SIGTERM to npm or to node, SIGINT · exits 0", async () => {
    const cases = [
      ["npm run worker", "it", "SIGTERM"],
      ["npm run worker", "node", "SIGTERM"],
      ["worker", "it", "SIGINT"],
    ] as const;
    await twoAtATime(cases, async ([command, whom, signal]) => {
      const program = start(command, environment());
      await program.ready();
      program.signal(signal, whom);
      const { code, output } = await program.ended;
      expect([command, whom, code], output).to.deep.equal([command, whom, 0]);
    });
  });

  it("production · no metrics on the main port, cookies are Secure", async () => {
    const program = start("gateway", {
      ...environment(),
      NODE_ENV: "production",
      FASTPASS_PASS_KEY_FILE: PASS_KEY,
      FASTPASS_LIMITS: "on",
    });
    const client = await openClient(await program.ready());
    try {
      await client.at("GET", "/metrics", { expect: 404 });
      const body = { email: `p-${Date.now()}@example.org`, password: "long enough", name: "P" };
      const { headers } = await client.api("POST", "/auth/signup", { body, expect: 201 });
      expect(headers["set-cookie"]?.[0]).to.match(/; ?Secure/i);
    } finally {
      client.close();
    }
  });
});

/** Mounts of one's own need root and a kernel that lets it. */
function mayHidePrograms(): boolean {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
