/** The README's walk-through, run as it stands. Half a minute of it is a hold running out. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "chai";
import { removePlace, temporaryPlace } from "../../scripts/local/places.ts";
import { type RunningRedis, startRedis } from "../../scripts/local/redis.ts";
import { DEMO_OPERATOR } from "../../scripts/start/demo-event.ts";
import { type Program, runProgram } from "../docs/program.ts";
import { type TestDatabase, testServers } from "../support/servers.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const README = read("README.md");

/** What stands between `<!-- name:begin -->` and `<!-- name:end -->`. */
function section(name: string): string {
  const found = new RegExp(`<!-- ${name}:begin -->\n(.*?)<!-- ${name}:end -->`, "s").exec(README);
  return found?.[1] ?? "";
}

const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, code = ""]) => code);

describe("README · the walk-through", () => {
  let dir: string;
  let redis: RunningRedis;
  let database: TestDatabase;
  let house: Program;

  before(async function () {
    this.timeout(60_000);
    dir = await temporaryPlace("readme");
    redis = await startRedis({ dir: path.join(dir, "redis"), durable: false });
    database = await (await testServers()).createDatabase();
    house = runProgram("npm", ["start", "--silent"], ROOT, {
      PORT: "0",
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      FASTPASS_OPERATOR_EMAIL: DEMO_OPERATOR.email,
      FASTPASS_OPERATOR_PASSWORD: DEMO_OPERATOR.password,
    });
  });

  after(async function () {
    this.timeout(60_000);
    await house?.stop();
    await redis?.stop();
    await database?.drop();
    if (dir) await removePlace(dir);
  });

  it("bash · pasted block by block · every command does what is said of it", async function () {
    this.timeout(180_000);
    const ready = await house.says(/^Fast Pass is ready at (http:\S+)$/m);
    const script = blocks(section("walk-through"), "bash").join("\n");
    // A reader sees a failure; a script has to stop at it.
    const reader = runProgram("bash", ["-c", `set -euo pipefail\n${script}`], ROOT, {
      FAST_PASS: ready[1],
    });
    const { code, output } = await reader.ended;
    const told = `the walk-through printed:\n${output}\nand the house:\n${house.output()}`;
    expect(code, told).to.equal(0);

    const places = [...output.matchAll(/^position (\d+)$/gm)].map(([, place]) => Number(place));
    expect(places, told).not.to.be.empty;
    expect(places, told).to.deep.equal([...places].sort((a, b) => b - a));
    const expected = [
      /^state admitted claim it by \S+Z$/m,
      /^A{12}$/m,
      /status: 'HELD'/,
      /^A*HHHA*$/m,
      /status: 'CONFIRMED'.*tickets: \[/s,
      /^HTTP\/1\.1 201/m,
      /^Idempotent-Replayed: true/m,
      /^600$/m,
      /^204\n204\n\{.*phase: 'paused'.*The lights are out.*\}\n204$/ms,
      /confirmationsPerMinute: 1/,
      /queue\.resume\s.*\n.*queue\.notice\s.*\n.*queue\.pause\s.*\n.*queue\.settings\s/,
      /^A\nA*OOA*$/m,
      /status: 'EXPIRED', totalAmount: 80000.*status: 'CONFIRMED', totalAmount: 160000/s,
    ];
    for (const line of expected) expect(output, told).to.match(line);
  });
});
