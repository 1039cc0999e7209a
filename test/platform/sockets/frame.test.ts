import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { expect } from "chai";
import { WebSocket } from "ws";
import { createMetrics } from "../../../src/platform/metrics.ts";
import {
  attachSockets,
  CloseCode,
  type SocketServer,
  type Stream,
} from "../../../src/platform/sockets/index.ts";
import { eventually } from "../../support/wait.ts";
import { recordingLogger } from "../support.ts";

const HEAD_END = "\r\n\r\n";
const LAST_WORD = "over";

/** Frames written past `ws` must be what `ws` would have written, and keep their place among its own. */
describe("frames", () => {
  let server: Server;
  let sockets: SocketServer;
  let begin: (stream: Stream) => Promise<void> | void;

  beforeEach(async () => {
    server = createServer();
    sockets = attachSockets(server, {
      log: recordingLogger(),
      metrics: createMetrics(),
      routes: [
        { name: "frames", path: /^\/$/, open: () => ({ ok: true, start: (stream) => begin(stream) }) },
      ],
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await sockets.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const port = () => (server.address() as AddressInfo).port;

  /** What the server sends to one client until its close frame, without the answer to the upgrade. */
  async function bytesOf(start: typeof begin): Promise<Buffer> {
    begin = start;
    const client = connect(port(), "127.0.0.1");
    let all: Buffer = Buffer.alloc(0);
    client.on("data", (chunk: Buffer) => {
      all = Buffer.concat([all, chunk]);
    });
    const offer = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
    client.write(
      `GET / HTTP/1.1\r\nHost: x\r\n${offer}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await eventually(() => all.includes(LAST_WORD), { what: "the close" });
    client.destroy();
    return all.subarray(all.indexOf(HEAD_END) + HEAD_END.length);
  }

  it("texts of every length and alphabet · arrive as they were sent", async () => {
    const texts = [0, 1, 125, 126, 127, 255, 256, 4_095, 4_097, 15_000].map((length) => "x".repeat(length));
    texts.push("좌석", "é", "\u0000\u007f", `${"a".repeat(124)}é`);
    let stream: Stream | undefined;
    begin = (opened) => {
      stream = opened;
    };
    const client = new WebSocket(`ws://127.0.0.1:${port()}/`);
    const heard: string[] = [];
    client.on("message", (data, isBinary) => void heard.push(isBinary ? "binary" : data.toString()));
    await eventually(() => stream !== undefined, { what: "the stream" });
    for (const text of texts) {
      stream?.send(text);
      await eventually(() => heard.at(-1) === text, { what: `a text of ${text.length}` });
    }
    // The longest short frame and the first one beyond it: no other test client sends that much back.
    for (const length of [65_535, 65_536]) {
      await eventually(() => stream?.send("y".repeat(length)), { what: "room for a long one" });
      await eventually(() => heard.at(-1)?.length === length, { what: `a text of ${length}` });
    }
    expect(heard.slice(0, texts.length)).to.deep.equal(texts);
    client.terminate();
  });

  it("texts, pings and the close · leave in the order in which they were asked for", async () => {
    const bytes = await bytesOf((stream) => {
      stream.send("one");
      stream.confirm(() => undefined);
      stream.send("zwei ü");
      stream.send("three");
      stream.close(CloseCode.done, LAST_WORD);
    });
    const expected = Buffer.concat([
      Buffer.from([0x81, 3]),
      Buffer.from("one"),
      Buffer.from([0x89, 4, 0, 0, 0, 1]),
      Buffer.from([0x81, 7]),
      Buffer.from("zwei ü"),
      Buffer.from([0x81, 5]),
      Buffer.from("three"),
      Buffer.from([0x88, 6, 1_000 >> 8, 1_000 & 0xff]),
      Buffer.from(LAST_WORD),
    ]);
    expect(bytes.toString("hex")).to.equal(expected.toString("hex"));
  });

  it("the answer to the upgrade · leaves together with what the stream says first", async () => {
    let write = 0;
    const counted = (socket: Socket) => {
      const handle = (socket as unknown as { _handle: Record<string, (...args: unknown[]) => unknown> })
        ._handle;
      for (const name of ["writeUtf8String", "writeLatin1String", "writeBuffer", "writev"]) {
        const original = handle[name] as (...args: unknown[]) => unknown;
        handle[name] = function counting(this: unknown, ...args: unknown[]) {
          write += 1;
          return original.apply(this, args);
        };
      }
    };
    server.once("connection", counted);
    let told: Stream | undefined;
    begin = async (stream) => {
      await new Promise((resolve) => setImmediate(resolve));
      stream.send("first");
      told = stream;
    };
    const client = new WebSocket(`ws://127.0.0.1:${port()}/`);
    const [data] = await once(client, "message");
    expect(String(data)).to.equal("first");
    expect(write).to.equal(1);
    told?.send("second");
    expect(write).to.equal(2);
    client.terminate();
  });

  it("a stream that says nothing · is open all the same", async () => {
    begin = () => undefined;
    const client = new WebSocket(`ws://127.0.0.1:${port()}/`);
    await once(client, "open");
    client.terminate();
  });
});
