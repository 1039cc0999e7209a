import path from "node:path";
import { expect } from "chai";
import { removePlace, temporaryPlace } from "../../../scripts/local/places.ts";
import { startPostgres } from "../../../scripts/local/postgres.ts";
import { identityOf } from "../../../scripts/local/processes.ts";
import { startRedis } from "../../../scripts/local/redis.ts";
import { eventually } from "../../support/wait.ts";
import { endKeepers, isAlive, killHard, query, refusal, startKeeper, watchdogOf } from "./support.ts";

const onLinux = process.platform === "linux" ? it : it.skip;

describe("local processes", function () {
  this.timeout(60_000);
  let place: string;

  beforeEach(async () => {
    place = await temporaryPlace("local-processes");
  });
  afterEach(async () => {
    await endKeepers();
    await removePlace(place);
  });

  it("identityOf · of ourselves and of nobody · is steady, and null", () => {
    expect(identityOf(process.pid)).to.equal(identityOf(process.pid)).and.not.equal(null);
    expect(identityOf(0x3fffff)).to.equal(null);
  });

  it("the servers · when who started them is killed · end by themselves", async () => {
    const { keeper, pids } = await startKeeper(place);
    expect([isAlive(pids.redis), isAlive(pids.postgres)]).to.deep.equal([true, true]);
    await killHard(keeper);
    await eventually(() => !isAlive(pids.redis) && !isAlive(pids.postgres), {
      what: "the end of both servers",
      timeoutMs: 10_000,
    });
  });

  it("start · while another process uses the folders · is refused, naming it", async () => {
    const { keeper } = await startKeeper(place);
    const errors = [
      await refusal(startRedis({ dir: path.join(place, "redis"), durable: true })),
      await refusal(startPostgres({ dir: path.join(place, "postgres"), durable: false })),
    ];
    for (const error of errors) expect(error.message).to.contain(`Process ${keeper.pid} already uses`);
  });

  onLinux("start · when servers outlived their killed owner · ends them and serves their data", async () => {
    const { keeper, pids } = await startKeeper(place);
    for (const pid of Object.values(pids)) process.kill(watchdogOf(pid), "SIGKILL");
    await killHard(keeper);
    expect([isAlive(pids.redis), isAlive(pids.postgres)]).to.deep.equal([true, true]);

    const redis = await startRedis({ dir: path.join(place, "redis"), durable: true });
    const postgres = await startPostgres({ dir: path.join(place, "postgres"), durable: false });
    try {
      expect([isAlive(pids.redis), isAlive(pids.postgres)]).to.deep.equal([false, false]);
      expect(await query(postgres.url, "SELECT 1")).to.deep.equal([[1]]);
    } finally {
      await postgres.stop();
      await redis.stop();
    }
  });
});
