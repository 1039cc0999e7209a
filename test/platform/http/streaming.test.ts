/** Long answers: sent as fast as they are read, and never taken for whole when they are not. */
import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { expect } from "chai";
import type { Route } from "../../../src/platform/http/route.ts";
import { nobody, type ServedRoutes, serveRoutes } from "../../support/http.ts";
import { eventually } from "../../support/wait.ts";

const CHUNK = "x".repeat(64 * 1024);
const CHUNKS = 1_000;

describe("streamed answers", function () {
  this.timeout(20_000);

  let served: ServedRoutes;
  let made: number;
  let closed: boolean;
  let failAt: number;

  async function* chunks(): AsyncGenerator<string> {
    try {
      for (made = 0; made < CHUNKS; made += 1) {
        if (made === failAt) throw new Error("the store is gone");
        yield CHUNK;
      }
    } finally {
      closed = true;
    }
  }

  const route: Route = {
    method: "get",
    path: "/long",
    operationId: "getLong",
    tag: "Test",
    summary: "A long answer",
    access: "public",
    responses: { 200: { description: "Long" } },
    errors: [],
    handler: () => ({
      status: 200,
      body: Readable.from(chunks(), { highWaterMark: 1 }),
      headers: { "Content-Type": "text/plain" },
    }),
  };

  before(async () => {
    served = await serveRoutes([route], nobody);
  });
  beforeEach(() => {
    made = 0;
    closed = false;
    failAt = -1;
  });
  after(() => served.close());

  const url = () => `${served.url}/api/v1/long`;

  it("read to the end · is whole", async () => {
    const text = await (await fetch(url())).text();
    expect([text.length, made]).to.deep.equal([CHUNK.length * CHUNKS, CHUNKS]);
  });

  it("not read · is made no further than the connection takes; given up, it is made no more", async () => {
    const { port } = new URL(served.url);
    const socket = connect(Number(port), "127.0.0.1");
    await once(socket, "connect");
    socket.pause();
    socket.write("GET /api/v1/long HTTP/1.1\r\nHost: test\r\n\r\n");
    let before = -1;
    await eventually(
      () => {
        const stands = made > 0 && made === before;
        before = made;
        return stands;
      },
      { intervalMs: 200, what: "a standstill" },
    );
    expect(made).to.be.below(CHUNKS / 2);
    expect(closed).to.equal(false);
    socket.destroy();
    await eventually(() => closed, { what: "the end of the work" });
    expect(made).to.be.below(CHUNKS / 2);
  });

  it("failing halfway · is cut off, so that nobody takes the half for the whole", async () => {
    failAt = 3;
    const fault = await fetch(url())
      .then((answer) => answer.text())
      .then(
        () => null,
        (error: Error) => error,
      );
    expect(fault).to.be.instanceOf(Error);
  });

  it("asked for by HEAD · has the headers, and nothing is made", async () => {
    const { status, headers } = await fetch(url(), { method: "HEAD" });
    expect([status, headers.get("content-type"), made]).to.deep.equal([200, "text/plain", 0]);
  });
});
