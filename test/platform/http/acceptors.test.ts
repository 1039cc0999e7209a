import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createListener } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type Acceptors, COPIER, openAcceptors } from "../../../src/platform/http/acceptors.ts";

const CROWD = 64;
/** More than Node.js lets wait where it is not told otherwise. */
const LONG_QUEUE = 700;

describe("acceptors", () => {
  let server: Server;
  let acceptors: Acceptors | undefined;
  let port: number;
  let warned: unknown[][];
  /** Answers of requests for `/later` that have not been given. */
  let owed: (() => void)[];
  const log = { warn: (...words: unknown[]) => void warned.push(words) };

  beforeEach(async () => {
    warned = [];
    owed = [];
    server = createServer({ connectionsCheckingInterval: 50 }, (request, response) => {
      const answer = () => void response.end(request.url);
      if (request.url === "/later") owed.push(answer);
      else answer();
    });
    server.listen(0, "127.0.0.1", 4_096);
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(async () => {
    const ended = acceptors?.close();
    acceptors = undefined;
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    await ended;
  });

  const ask = async (path: string) => {
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET ${path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n`);
    return text(socket);
  };

  /** The most connections taken in one turn while a crowd stands at the door. */
  async function mostInOneTurn(): Promise<number> {
    let taken = 0;
    let most = 0;
    server.on("connection", () => {
      taken += 1;
    });
    const answers = Promise.all(Array.from({ length: CROWD }, (_, index) => ask(`/${index}`)));
    for (let before = 0; taken < CROWD; before = taken) {
      await nextTurn();
      most = Math.max(most, taken - before);
    }
    for (const [index, answer] of (await answers).entries())
      expect(answer).to.match(new RegExp(`/${index}\r?\n?`));
    return most;
  }

  it("a crowd at the door · is let in by as many in a turn as there are acceptors", async () => {
    acceptors = await openAcceptors(server, { log, count: 8 });
    expect(acceptors.count).to.equal(8);
    expect(await mostInOneTurn()).to.be.within(5, 16);
    expect(warned).to.deep.equal([]);
  });

  it("the same crowd · with the server's own alone · shows what they are for", async () => {
    acceptors = await openAcceptors(server, { log, count: 1 });
    expect(await mostInOneTurn()).to.be.at.most(3);
  });

  it("connections that come while acceptors are made · are all answered", async () => {
    let isMaking = true;
    let asked = 0;
    const come = async () => {
      while (isMaking) {
        asked += 1;
        expect(await ask("/early")).to.match(/\/early$/);
      }
    };
    const crowd = Promise.all(Array.from({ length: CROWD }, come));
    acceptors = await openAcceptors(server, { log });
    isMaking = false;
    await crowd;
    expect(acceptors.count).to.equal(16);
    expect(asked).to.be.above(CROWD);
  });

  it("whoever sends no request · is refused after the server's own time", async () => {
    server.headersTimeout = 400;
    acceptors = await openAcceptors(server, { log, count: 8 });
    const silent = Array.from({ length: CROWD }, () => text(connect(port, "127.0.0.1")));
    for (const answer of await Promise.all(silent)) expect(answer).to.match(/^HTTP\/1\.1 408 /);
  });

  it("close · takes nobody more, waits for answers under way, and leaves the port free", async () => {
    acceptors = await openAcceptors(server, { log, count: 8 });
    const answers = Promise.all(Array.from({ length: CROWD }, () => ask("/later")));
    while (owed.length < CROWD) await nextTurn();
    let isClosed = false;
    const closed = Promise.all([acceptors.close(), new Promise((resolve) => server.close(resolve))]).then(
      () => {
        isClosed = true;
      },
    );
    await sleep(50);
    expect(isClosed).to.equal(false);
    for (const answer of owed) answer();
    for (const answer of await answers) expect(answer).to.match(/\/later$/);
    await closed;
    const next = createListener().listen(port, "127.0.0.1");
    await once(next, "listening");
    next.close();
  });

  const faults = {
    "ends at once": "process.exit(3)",
    "gives back nothing that can be listened on": "process.on('message', () => process.send('none'))",
  };
  for (const [fault, copier] of Object.entries(faults)) {
    it(`a copier that ${fault} · leaves the server as it is, and the log says so`, async () => {
      acceptors = await openAcceptors(server, { log, copier });
      expect(acceptors.count).to.equal(1);
      expect(warned).to.have.length(1);
      expect(String(warned[0]?.[0])).to.include("let in slowly");
      expect(await ask("/still")).to.match(/\/still$/);
    });
  }

  it("a copier that ends half-way · leaves the queue at the door as long as it was", async () => {
    const dying = `${COPIER}
      let left = 3;
      process.prependListener("message", () => (left -= 1) || process.exit(3));`;
    acceptors = await openAcceptors(server, { log, copier: dying });
    expect(acceptors.count).to.equal(3);
    // This process takes none of them meanwhile: whoever is connected stands in the queue.
    const knocking = `
      const { connect } = require("node:net");
      let left = ${LONG_QUEUE};
      const end = () => process.exit(left ? 1 : 0);
      setTimeout(end, 5000);
      for (let n = left; n > 0; n -= 1) connect(${port}, "127.0.0.1", () => (left -= 1) || end());`;
    expect(spawnSync(process.execPath, ["--eval", knocking]).status).to.equal(0);
  });

  it("a connection that can't be taken · is told in the log, and the next one is served", async () => {
    acceptors = await openAcceptors(server, { log, count: 2 });
    server.emit("error", new Error("accept ENFILE"));
    expect(warned).to.have.length(1);
    expect(await ask("/next")).to.match(/\/next$/);
  });
});
