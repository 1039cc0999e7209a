import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { v7 } from "uuid";
import { WebSocket } from "ws";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { attachSockets, type SocketServer } from "../../src/platform/sockets/index.ts";
import { eventually } from "../support/wait.ts";
import { newPerformance, OPERATOR, openWorld, type World } from "./world.ts";

describe("operator: records", () => {
  let world: World;
  let queueId: string;
  before(async () => {
    world = await openWorld({ statsEveryMs: 30 });
    const event = await world.request("post", "/operator/events", { title: "Aria", venue: "Hall" });
    const made = await world.request(
      "post",
      `/operator/events/${event.body.id}/performances`,
      newPerformance(),
    );
    queueId = made.body.queueId;
  });
  after(() => world.close());

  it("GET audit · more than a page · walks all of it, newest first", async () => {
    for (const verb of ["pause", "resume", "pause"])
      await world.request("post", `/operator/queues/${queueId}/${verb}`);
    const seen: { id: string; action: string }[] = [];
    let cursor = "";
    do {
      const { body } = await world
        .request("get", `/operator/audit?limit=2${cursor && `&cursor=${cursor}`}`)
        .expect(200);
      seen.push(...body.items);
      cursor = body.nextCursor ?? "";
    } while (cursor);
    expect(seen.map(({ action }) => action)).to.eql([
      "queue.pause",
      "queue.resume",
      "queue.pause",
      "performance.create",
      "event.create",
    ]);
    expect(seen[0]).to.have.all.keys(
      ...["id", "at", "actorId", "actor", "action", "subject", "subjectId", "before", "after", "reason"],
    );
    expect(seen[0]).to.deep.include({
      actorId: OPERATOR.userId,
      actor: "Ada",
      subjectId: queueId,
      reason: null,
    });
  });

  it("GET audit · about one subject · shows only that", async () => {
    const { body } = await world.request("get", `/operator/audit?subjectId=${queueId}`).expect(200);
    expect(body.items).to.have.length(3);
    const none = await world.request("get", `/operator/audit?subjectId=${v7()}`).expect(200);
    expect(none.body).to.eql({ items: [], nextCursor: null });
    await world.request("get", "/operator/audit?subjectId=x").expect(400);
  });

  it("the log · refuses to be changed or shortened", async () => {
    for (const tamper of [world.db("audit_log").update({ actor: "Eve" }), world.db("audit_log").delete()]) {
      const error = await tamper.then(
        () => null,
        (fault: Error) => fault,
      );
      expect(error?.message).to.include("append-only");
    }
  });

  it("POST stream-tokens · answers a token that no cache keeps", async () => {
    const { body, headers } = await world.request("post", "/operator/stream-tokens").expect(201);
    expect(body).to.eql({ token: `stream-of-${OPERATOR.userId}`, expiresInSeconds: 60 });
    expect(headers["cache-control"]).to.equal("no-store");
  });

  describe("live figures", () => {
    let server: Server;
    let sockets: SocketServer;
    let clients: WebSocket[];
    before(async () => {
      server = createServer();
      const log = createLogger("test", "silent");
      sockets = attachSockets(server, { log, metrics: createMetrics(), routes: world.operator.sockets });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    });
    beforeEach(() => {
      clients = [];
    });
    afterEach(async () => {
      for (const client of clients) client.terminate();
      await eventually(() => sockets.connections === 0, { what: "the end of every socket" });
    });
    after(async () => {
      await sockets.close();
      server.close();
    });

    function open(id: string, token: string) {
      const address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/v1/operator/queues/${id}`;
      const client = new WebSocket(address, ["fastpass.v1", `token.${token}`]);
      clients.push(client);
      const frames: Record<string, unknown>[] = [];
      client.on("message", (data) => frames.push(JSON.parse(String(data))));
      const closed = once(client, "close").then(([code]) => code as number);
      return { client, frames, closed };
    }
    const reads = () => world.calls.filter((call) => call === `stats ${queueId}`).length;

    it("with a stream token · sends the figures at once and then on each beat", async () => {
      const { frames } = open(queueId, "stream-of-ada");
      await eventually(() => frames.length >= 3, { what: "three messages" });
      expect(frames[0]).to.deep.include({ type: "stats", phase: "open", waiting: 7, holdsPerMinute: 6 });
    });

    it("many watch one queue · reads once a beat; nobody watches · reads nothing", async () => {
      const streams = Array.from({ length: 10 }, () => open(queueId, "stream-of-ada"));
      await eventually(() => streams.every(({ frames }) => frames.length >= 1), {
        what: "the first message of each",
      });
      const [before, heard] = [reads(), streams[0]?.frames.length ?? 0];
      await eventually(() => (streams[0]?.frames.length ?? 0) >= heard + 5, { what: "five beats" });
      expect(reads() - before).to.be.within(4, 7);

      for (const { client } of streams) client.terminate();
      await eventually(() => sockets.connections === 0, { what: "the end of every socket" });
      const after = reads();
      await new Promise((resolve) => setTimeout(resolve, 120));
      expect(reads()).to.equal(after);
    });

    it("a reading fails · leaves that beat out and goes on", async () => {
      const { frames, client } = open(queueId, "stream-of-ada");
      await eventually(() => frames.length >= 1, { what: "the first message" });
      world.failing.add("stats");
      const failed = reads() + 2;
      await eventually(() => reads() >= failed, { what: "two readings that fail" });
      world.failing.clear();
      const heard = frames.length;
      await eventually(() => frames.length > heard, { what: "a message after the failure" });
      expect(client.readyState).to.equal(WebSocket.OPEN);
    });

    for (const token of ["nonsense", "access-token", "stream-of-a-fan"]) {
      it(`with the token "${token}" · closes with 4401`, async () => {
        expect(await open(queueId, token).closed).to.equal(4401);
      });
    }

    it("of no queue · closes with 4403", async () => {
      expect(await open(v7(), "stream-of-ada").closed).to.equal(4403);
    });
  });
});
