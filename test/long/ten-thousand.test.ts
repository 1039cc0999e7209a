/** 10,000 sockets on one gateway while 2,000 more fans join and 1,200 are admitted. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { checkJournal } from "../../src/queue/index.ts";
import { type Program, run } from "../support/house/processes.ts";
import { type House, openClient, openHouse } from "../support/house.ts";
import { eventually } from "../support/wait.ts";
import type { CrowdPlan, CrowdReport } from "./crowd-client.ts";

const SOCKETS = 10_000;
const NEWCOMERS = 2_000;
const ADMISSIONS = 1_200;
const RATE = 2_400;
const SAMPLE = 500;
const CLIENTS = 2;

describe("10,000 sockets on one gateway", function () {
  this.timeout(420_000);

  let house: House;
  let gateway: Program;
  let worker: Program;
  const crowds: ChildProcess[] = [];
  before(async () => {
    house = await openHouse({ workers: 0 });
    gateway = run("gateway", { ...house.environment });
    worker = run("worker", { ...house.environment });
    await Promise.all([gateway.ready(), worker.ready()]);
  });
  after(async () => {
    for (const crowd of crowds) crowd.kill("SIGKILL");
    await Promise.all([gateway?.kill(), worker?.kill()]);
    await house?.close();
  });

  function crowd(plan: CrowdPlan) {
    const child = fork(fileURLToPath(new URL("crowd-client.ts", import.meta.url)), {
      execArgv: ["--import", "tsx"],
      serialization: "advanced",
    });
    crowds.push(child);
    child.send(plan);
    const there = once(child, "message").then(([word]) => expect(word).to.equal("there"));
    there.catch(() => undefined); // told where it is waited for
    return {
      there,
      async report(): Promise<CrowdReport> {
        child.send("report");
        const [report] = await once(child, "message");
        return report;
      },
    };
  }

  it("2,000 join and 1,200 are admitted · nothing is lost, and every place that 500 of them are shown is right", async () => {
    const url = await gateway.ready();
    const client = await openClient(url);
    const show = await house.makeShow({
      queue: { ratePerMinute: RATE, maxActive: 20_000, arrivalSeconds: 600 },
      sections: [{ name: "Floor", rows: 20, seatsPerRow: 100, amount: 9_000 }],
    });
    await house.operator("POST", `/queues/${show.queueId}/pause`, undefined, 204);
    const tokens = (await house.fans(SOCKETS + NEWCOMERS)).map(({ token }) => token);
    const each = SOCKETS / CLIENTS;
    const common = { url, queueId: show.queueId };
    const followers = Array.from({ length: CLIENTS }, (_, index) =>
      crowd({
        ...common,
        tokens: tokens.slice(index * each, (index + 1) * each),
        follows: true,
        withinMs: 0,
        sample: SAMPLE / CLIENTS,
      }),
    );
    await Promise.all(followers.map(({ there }) => there));
    await client.at("GET", "/metrics"); // what is measured of the event loop begins anew

    await house.operator("POST", `/queues/${show.queueId}/resume`, undefined, 204);
    const withinMs = (ADMISSIONS * 60_000) / RATE;
    const newcomers = crowd({
      ...common,
      tokens: tokens.slice(SOCKETS),
      follows: false,
      withinMs,
      sample: 0,
    });
    const journal = () => house.db("queue_journal").where({ queue_id: show.queueId });
    const admissions = async () => Number((await journal().where({ kind: "admit" }).count())[0]?.count);
    await eventually(async () => (await admissions()) >= ADMISSIONS, {
      timeoutMs: 180_000,
      intervalMs: 500,
      what: "the admissions",
    });
    await newcomers.there;
    const metrics = String((await client.at("GET", "/metrics")).text);
    await house.operator("POST", `/queues/${show.queueId}/pause`, undefined, 204);
    const told = async () =>
      (await journal().where({ kind: "configure" }).orderBy("number", "desc").first()).data.paused;
    await eventually(told, { timeoutMs: 20_000, what: "the pause in the journal" });
    await eventually(
      async () => (await house.client.api("GET", `/queues/${show.queueId}`)).body.phase === "paused",
      {
        timeoutMs: 20_000,
        what: "the pause",
      },
    );
    // The last messages are on their way to two processes that share this machine with everything else.
    await new Promise((resolve) => setTimeout(resolve, 3_000));

    const reports = await Promise.all(followers.map((follower) => follower.report()));
    const admitted = Object.assign({}, ...reports.map((report) => report.admitted)) as Record<string, number>;
    const followed = new Set(reports.flatMap(({ tickets }) => tickets));
    const journalled: string[] = await journal().where({ kind: "admit" }).pluck("ticket_id");
    expect(journalled.length).to.be.at.least(ADMISSIONS);
    expect(Object.keys(admitted).sort()).to.deep.equal(journalled.filter((id) => followed.has(id)).sort());
    expect(new Set(Object.values(admitted))).to.deep.equal(new Set([1]));
    expect(reports.flatMap(({ ended }) => ended)).to.deep.equal([]);
    const joined = Number((await journal().where({ kind: "join" }).count())[0]?.count);
    expect(joined).to.equal(SOCKETS + NEWCOMERS);
    const places = reports.flatMap((report) => report.places);
    expect(new Set(places.map(([ticketId]) => ticketId)).size).to.equal(SAMPLE);
    const observations = places.map(([ticketId, epoch, position, asOf]) => ({
      ...{ kind: "place" as const, ticketId, epoch, position, asOfMicros: Date.parse(asOf) * 1_000 },
    }));
    expect(await checkJournal(house.db, show.queueId, observations)).to.deep.equal([]);

    const p99 = Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)?.[1]);
    const frames = reports.reduce((sum, report) => sum + report.frames, 0);
    expect(p99).to.be.above(0);
    process.stdout.write(
      `        ${journalled.length} admitted, ${frames} frames, ${places.length} places checked; event loop of the gateway p99 ${(p99 * 1_000).toFixed(1)} ms\n`,
    );
  });
});
