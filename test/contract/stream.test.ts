/** The position stream: what it says, in which order, and how it ends. Its credentials are in credentials.test.ts. */
import { randomUUID } from "node:crypto";
import net from "node:net";
import { expect } from "chai";
import { v7 } from "uuid";
import { type Fan, type Follower, type Frame, type House, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

const TYPES = ["state", "position", "admitted", "notice", "paused", "resumed", "recovering", "ended"];

describe("contract · position stream", function () {
  this.timeout(30_000);
  let house: House;
  before(async () => {
    house = await openHouse({ gateways: 2, workers: 2 });
  });
  after(() => house?.close());

  const pathOf = (show: Show) => `/ws/v1/queues/${show.queueId}`;
  const control = (show: Show, verb: string) =>
    house.operator("POST", `/queues/${show.queueId}/${verb}`, undefined, 204);
  const notify = (show: Show, texts: object) =>
    house.operator("PUT", `/queues/${show.queueId}/notice`, { texts }, 204);

  interface Waiting {
    readonly fan: Fan;
    readonly ticket: string;
    readonly stream: Follower;
  }
  /** One slot, taken by `first`; the others wait, each with a stream on the next gateway. */
  async function lineOf(length: number, queue: object = {}) {
    const show = await house.makeShow({ queue: { maxActive: 1, ...queue } });
    const [first, ...fans] = (await house.fans(length + 1)) as [Fan, ...Fan[]];
    const inside = await house.enter(first, show);
    const line: Waiting[] = [];
    for (const [index, fan] of fans.entries()) {
      const { ticket } = (await house.join(fan, show)).body;
      const on = house.gateways[index % 2]?.client;
      line.push({ fan, ticket, stream: house.stream(pathOf(show), ticket, { on }) });
    }
    for (const { stream } of line) await stream.next("state");
    return { show, inside, line };
  }

  it("opened · says the state first, as the view over HTTP does, then positions", async () => {
    const { show, line } = await lineOf(3);
    const { fan, stream } = line[2] as Waiting;
    const state = stream.frames[0] as Frame;
    const { body: view } = await house.ticketOf(fan, show);
    expect(Object.keys(state).sort()).to.deep.equal(["type", ...Object.keys(view)].sort());
    for (const name of ["ticketId", "ticket", "state", "sequence", "lane", "queueId", "epoch"])
      expect(state[name], name).to.deep.equal(view[name]);
    const position = await stream.next("position", ({ position }) => position === 3);
    expect(position).to.have.all.keys(
      ...["type", "epoch", "position", "ahead", "waiting", "eta", "seatsLeft", "asOf", "nextUpdateSeconds"],
    );
    expect([position.ahead, position.waiting, position.nextUpdateSeconds]).to.deep.equal([2, 3, 1]);
    const before = stream.of("position").length;
    await eventually(() => stream.of("position").length >= before + 2, { what: "two more ticks" });
    expect(stream.frames.map(({ type }) => type).filter((type) => !TYPES.includes(type))).to.deep.equal([]);
  });

  it("while the line moves · positions fall, never rise, down to the turn", async () => {
    const { show, inside, line } = await lineOf(4);
    const last = line[3] as Waiting;
    await last.stream.next("position", ({ position }) => position === 4);
    await house.leave(inside.fan, show);
    for (const { fan, stream } of line.slice(0, 3)) {
      await stream.next("admitted");
      await house.leave(fan, show);
    }
    const { arriveBy, performanceId } = await last.stream.next("admitted");
    expect(performanceId).to.equal(show.id);
    expect(Date.parse(arriveBy)).to.be.closeTo(Date.now() + 60_000, 10_000);
    const places = last.stream.frames.filter((frame) => frame.position > 0);
    for (const [index, frame] of places.entries()) {
      const earlier = places[index - 1];
      if (!earlier) continue;
      expect(frame.position).to.be.at.most(earlier.position);
      expect(Date.parse(frame.asOf)).to.be.at.least(Date.parse(earlier.asOf));
    }
    const states = last.stream.of("state").map(({ state }) => state);
    expect([states[0], states.at(-1)]).to.deep.equal(["waiting", "admitted"]);
    const claimed = await house.claim(last.fan, show);
    const insideNow = await last.stream.next("state", ({ state }) => state === "inside");
    expect(insideNow.passExpiresAt).to.equal(claimed.body.passExpiresAt);
  });

  it("reconnected · says the state first again, the same place, also on another gateway", async () => {
    const { show, line } = await lineOf(2);
    const { ticket, stream } = line[1] as Waiting;
    const before = stream.frames[0] as Frame;
    stream.close();
    for (const { client: on } of house.gateways) {
      const again = house.stream(pathOf(show), ticket, { on, by: "query" });
      const state = await again.next("state");
      expect(again.frames[0]).to.equal(state);
      expect([state.ticketId, state.position]).to.deep.equal([before.ticketId, 2]);
    }
  });

  it("paused, resumed, noticed · everybody hears at once, also who comes later", async () => {
    const { show, line } = await lineOf(3);
    const heard = async (type: string, since: number, fits?: (frame: Frame) => boolean) => {
      for (const { stream } of line) await stream.next(type, fits);
      const times = line.map(
        ({ stream }) => stream.times[stream.frames.findLastIndex((f) => f.type === type)],
      );
      for (const time of times) expect((time as number) - since, type).to.be.below(3_000);
    };
    const paused = performance.now();
    await control(show, "pause");
    await heard("paused", paused);
    const texts = { ko: "잠시만 기다려 주세요", en: "Sound check" };
    const noticed = performance.now();
    await notify(show, texts);
    await heard("notice", noticed, (frame) => frame.texts.en === "Sound check");
    expect((line[0] as Waiting).stream.of("notice").at(-1)).to.deep.equal({ type: "notice", texts });
    const late = (await house.join(await house.fan(), show)).body;
    const stream = house.stream(pathOf(show), late.ticket);
    await stream.next("state");
    expect((await stream.next("notice")).texts).to.deep.equal(texts);
    await stream.next("paused");
    const resumed = performance.now();
    await control(show, "resume");
    await heard("resumed", resumed);
    expect((line[0] as Waiting).stream.of("resumed")[0]).to.deep.equal({ type: "resumed" });
  });

  it("left · ended with the reason, then 1000, in every tab", async () => {
    const { show, line } = await lineOf(1);
    const { fan, ticket, stream } = line[0] as Waiting;
    const other = house.stream(pathOf(show), ticket, { on: house.gateways[1]?.client });
    await other.next("state");
    await house.leave(fan, show);
    for (const tab of [stream, other]) {
      expect((await tab.next("ended")).reason).to.equal("left");
      expect((await tab.ended()).code).to.equal(1000);
      expect(tab.frames.at(-1)?.type).to.equal("ended");
    }
    const after = house.stream(pathOf(show), ticket);
    expect((await after.next("ended")).reason).to.equal("left");
    expect((await after.ended()).code).to.equal(1000);
    expect(after.frames[0]?.type).to.equal("state");
  });

  it("removed and closed · ended with the reason, then 1000", async () => {
    const { show, line } = await lineOf(2);
    const [removed, waiting] = line as [Waiting, Waiting];
    const ticketId = removed.stream.frames[0]?.ticketId;
    await house.operator(
      "POST",
      `/queues/${show.queueId}/tickets/${ticketId}/remove`,
      { reason: "bot" },
      204,
    );
    expect((await removed.stream.next("ended")).reason).to.equal("removed");
    expect((await removed.stream.ended()).code).to.equal(1000);
    await control(show, "close");
    expect((await waiting.stream.next("ended")).reason).to.equal("closed");
    expect((await waiting.stream.ended()).code).to.equal(1000);
  });

  it("the handshake · carries X-Request-Id, the client's own when it sent one", async () => {
    const { line } = await lineOf(1);
    const { ticket, stream } = line[0] as Waiting;
    const { queueId } = stream.frames[0] as Frame;
    const path = `/ws/v1/queues/${queueId}?token=${ticket}`;
    expect(await upgrade(house.client.url, path, "X-Request-Id: mine-7", 1)).to.match(
      /^HTTP\/1\.1 101 [\s\S]*\r\nX-Request-Id: mine-7\r\n/,
    );
    expect(await upgrade(house.client.url, path, "X-Request-Id: <b>", 1)).to.match(
      /\r\nX-Request-Id: [0-9a-f-]{36}\r\n/,
    );
  });

  it("more tabs than anybody needs · the oldest is told 4409, the newest goes on", async () => {
    const { show, line } = await lineOf(1);
    const { ticket, stream } = line[0] as Waiting;
    const tabs = [stream];
    while (tabs.length < 20 && stream.socket.readyState === stream.socket.OPEN) {
      const tab = house.stream(pathOf(show), ticket);
      await tab.next("state");
      tabs.push(tab);
    }
    expect((await stream.ended()).code).to.equal(4409);
    await tabs.at(-1)?.next("position");
  });

  it("a client that speaks · 1008, whatever it says", async () => {
    const { show, line } = await lineOf(1);
    for (const message of ["", "{}", Buffer.from([1, 2, 3]), "x".repeat(500)]) {
      const stream = house.stream(pathOf(show), (line[0] as Waiting).ticket);
      await stream.next("state");
      stream.socket.send(message);
      expect((await stream.ended()).code).to.equal(1008);
    }
    const large = house.stream(pathOf(show), (line[0] as Waiting).ticket);
    await large.next("state");
    large.socket.send("x".repeat(100_000));
    expect((await large.ended()).code).to.be.oneOf([1008, 1009]);
  });

  it("an unknown queue or path · refused, and the server lives on", async () => {
    const { line } = await lineOf(1);
    const { ticket } = line[0] as Waiting;
    const foreign = house.stream(`/ws/v1/queues/${v7()}`, ticket);
    expect((await foreign.ended()).code).to.equal(4403);
    for (const path of ["/ws/v1/queues", `/ws/v2/queues/${v7()}`, `/ws/v1/queues/${randomUUID()}/`, "/"]) {
      const answer = await upgrade(house.client.url, path);
      expect(answer, path).to.match(/^HTTP\/1\.1 404 /);
      expect(answer.toLowerCase()).to.contain("application/problem+json").and.to.contain("x-request-id");
    }
    await house.client.at("GET", "/healthz", { expect: 200 });
  });

  it("a gateway that goes · tells its sockets 1012; on the next one the place is the same", async () => {
    const { show, line } = await lineOf(2);
    const gateway = await house.addGateway();
    const { ticket, stream } = line[1] as Waiting;
    const moved = house.stream(pathOf(show), ticket, { on: gateway.client });
    const { sequence } = await moved.next("state");
    await gateway.stop();
    expect((await moved.ended()).code).to.equal(1012);
    const back = house.stream(pathOf(show), ticket);
    expect((await back.next("state")).sequence).to.equal(sequence);
    expect(stream.socket.readyState).to.equal(stream.socket.OPEN);
  });
});

/** The answer to a handshake. @param bytes how much of it is enough; all of it until the end when absent. */
function upgrade(
  url: string,
  path: string,
  header = "X-A: b",
  bytes = Number.POSITIVE_INFINITY,
): Promise<string> {
  const { port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = net.connect(Number(port), "127.0.0.1", () =>
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${header}\r\n\r\n`,
      ),
    );
    socket.setTimeout(5_000, () => socket.destroy(new Error("no answer")));
    socket.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
      if (answer.length >= bytes) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(answer));
  });
}
