import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect } from "chai";
import { WebSocket } from "ws";
import { createMetrics } from "../../../src/platform/metrics.ts";
import {
  attachSockets,
  CloseCode,
  createTimerWheel,
  type OpenRequest,
  type SocketServer,
  type SocketServerOptions,
  type Stream,
} from "../../../src/platform/sockets/index.ts";
import { eventually } from "../../support/wait.ts";
import { exchange } from "../http/harness.ts";
import { recordingLogger } from "../support.ts";

const PROTOCOL = "fastpass.v1";

interface World {
  readonly port: number;
  readonly server: Server;
  readonly sockets: SocketServer;
  readonly opened: OpenRequest[];
  readonly streams: Stream[];
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly log: ReturnType<typeof recordingLogger>;
}

describe("streams", () => {
  let world: World;
  const clients: WebSocket[] = [];

  async function start(options: Partial<SocketServerOptions> = {}): Promise<World> {
    const opened: OpenRequest[] = [];
    const streams: Stream[] = [];
    const server = createServer((_request, response) => void response.writeHead(404).end());
    const metrics = createMetrics();
    const log = recordingLogger();
    const sockets = attachSockets(server, {
      log,
      metrics,
      routes: [
        {
          name: "things",
          path: /^\/ws\/v1\/things\/(?<thingId>[^/]+)$/,
          open(request) {
            opened.push(request);
            if (request.token === "bad") return { ok: false, code: CloseCode.badToken, reason: "bad token" };
            if (request.token === "fault") throw new Error("the store is away");
            return {
              ok: true,
              start(stream) {
                streams.push(stream);
                stream.send('{"type":"first"}');
              },
            };
          },
        },
      ],
      ...options,
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return { port, server, sockets, opened, streams, metrics, log };
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate();
    await world.sockets.close();
    world.server.closeAllConnections();
    await new Promise((resolve) => world.server.close(resolve));
  });

  function open(
    path = "/ws/v1/things/7",
    protocols: string[] = [PROTOCOL, "token.abc"],
    options: object = {},
  ): WebSocket {
    const client = new WebSocket(`ws://127.0.0.1:${world.port}${path}`, protocols, options);
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  }
  const opening = (client: WebSocket) => new Promise<void>((resolve) => client.once("open", () => resolve()));
  const closing = (client: WebSocket) =>
    new Promise<{ code: number; reason: string }>((resolve) =>
      client.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  const refusal = (client: WebSocket) =>
    new Promise<{ status?: number; retryAfter?: string }>((resolve) =>
      client.once("unexpected-response", (_request, response) => {
        response.resume();
        resolve({ status: response.statusCode, retryAfter: response.headers["retry-after"] });
      }),
    );
  const frame = (client: WebSocket) =>
    new Promise<string>((resolve) => client.once("message", (data) => resolve(data.toString())));
  const connections = async () => (await world.metrics.sockets.connections.get()).values[0]?.value;

  describe("opening", () => {
    beforeEach(async () => {
      world = await start();
    });

    it("with the token as a subprotocol · hands it and the path's parts to the route", async () => {
      const client = open();
      expect(await frame(client)).to.equal('{"type":"first"}');
      expect(client.protocol).to.equal(PROTOCOL);
      expect(world.opened[0]).to.deep.include({ params: { thingId: "7" }, token: "abc" });
    });

    it("with the token in the query · works too", async () => {
      const client = open("/ws/v1/things/7?token=x.y-z_", []);
      await frame(client);
      expect(client.protocol).to.equal("");
      expect(world.opened[0]?.token).to.equal("x.y-z_");
    });

    it("with both · takes the subprotocol; with neither · the token is null", async () => {
      await frame(open("/ws/v1/things/7?token=query"));
      await frame(open("/ws/v1/things/7", [PROTOCOL]));
      expect(world.opened.map(({ token }) => token)).to.deep.equal(["abc", null]);
    });

    it("never echoes the token as the subprotocol", async () => {
      const client = open("/ws/v1/things/7", ["token.abc", PROTOCOL]);
      await frame(client);
      expect(client.protocol).to.equal(PROTOCOL);
    });

    it("D6 · a client that offers permessage-deflate · is not given it", async () => {
      const client = open("/ws/v1/things/7", [PROTOCOL], { perMessageDeflate: true });
      await opening(client);
      expect(client.extensions).to.equal("");
    });

    it("a refused credential · is told by a close code after the handshake", async () => {
      expect(await closing(open("/ws/v1/things/7", [PROTOCOL, "token.bad"]))).to.deep.equal({
        code: 4401,
        reason: "bad token",
      });
    });

    it("a fault while opening · closes with 1013, says nothing of itself and is logged", async () => {
      const { code, reason } = await closing(open("/ws/v1/things/7", [PROTOCOL, "token.fault"]));
      expect(code).to.equal(1013);
      expect(reason).to.not.include("store");
      expect(world.log.lines.map(({ message }) => message)).to.include("stream could not be opened");
    });

    it("an unknown path · is 404", async () => {
      for (const path of ["/", "/ws/v1/things", "/ws/v1/things/7/more", "/ws/v2/things/7"]) {
        expect((await refusal(open(path))).status, path).to.equal(404);
      }
    });

    it("a target that is no URL · is 400 and the server lives on", async () => {
      const head = (target: string) =>
        `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
      for (const target of ["//", "http://", "//:0"]) {
        expect(await exchange(world.port, [head(target)]), target).to.match(/^HTTP\/1.1 400 /);
      }
      expect(await frame(open())).to.equal('{"type":"first"}');
    });

    it("a handshake that is none · is a problem that says why, and ends", async () => {
      const ask = (more: string, method = "GET") =>
        exchange(world.port, [
          `${method} /ws/v1/things/7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n`,
        ]);
      const version = "Sec-WebSocket-Version: 13\r\n";
      const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
      const asked: [Promise<string>, number, string][] = [
        [ask(version), 400, "MALFORMED_REQUEST"],
        [ask(key), 426, "UPGRADE_REQUIRED"],
        [ask(`${key}Sec-WebSocket-Version: 99\r\n`), 426, "UPGRADE_REQUIRED"],
        [ask(version + key, "POST"), 405, "METHOD_NOT_ALLOWED"],
      ];
      for (const [answer, status, code] of asked) {
        const [head = "", body = ""] = (await answer).split("\r\n\r\n");
        expect(head)
          .to.match(new RegExp(`^HTTP/1.1 ${status} `))
          .and.match(/^Connection: .*\bclose$/m);
        expect(head)
          .to.match(/^Content-Type: application\/problem\+json/m)
          .and.match(/^X-Request-Id: ./m);
        if (status === 426)
          expect(head)
            .to.match(/^Upgrade: websocket$/m)
            .and.match(/^Sec-WebSocket-Version: 13$/m);
        expect(JSON.parse(body)).to.include({ status, code, instance: "/ws/v1/things/7" });
      }
    });

    it("a refused client that never closes its side · is cut off all the same", async () => {
      const socket = connect({ port: world.port, host: "127.0.0.1", allowHalfOpen: true });
      socket.write("GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      socket.resume();
      const connected = () =>
        new Promise<number>((resolve) => world.server.getConnections((_fault, count) => resolve(count)));
      await new Promise((resolve) => socket.once("end", resolve));
      await eventually(async () => (await connected()) === 0, { what: "the server's end of it to go" });
      socket.destroy();
    });
  });

  describe("abuse", () => {
    beforeEach(async () => {
      world = await start();
    });

    it("a message from the client · closes with 1008", async () => {
      for (const message of ["hello", Buffer.from([1, 2, 3]), ""]) {
        const client = open();
        await opening(client);
        client.send(message);
        expect((await closing(client)).code).to.equal(1008);
      }
    });

    it("a message larger than any allowed · closes with 1009 before it is read", async () => {
      const client = open();
      await opening(client);
      client.send("x".repeat(100_000));
      expect((await closing(client)).code).to.equal(1009);
    });

    it("bytes that are no frame · close the connection and nothing else", async () => {
      const client = open();
      await opening(client);
      (client as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
        Buffer.alloc(64, 0xff),
      );
      expect((await closing(client)).code).to.be.oneOf([1002, 1006]);
      expect(await frame(open())).to.equal('{"type":"first"}');
    });

    it("a client that vanishes · is forgotten", async () => {
      const client = open();
      await opening(client);
      await eventually(() => world.sockets.connections === 1, { what: "the connection" });
      client.terminate();
      await eventually(() => world.sockets.connections === 0, { what: "its end" });
      expect(await connections()).to.equal(0);
    });
  });

  describe("bounds", () => {
    it("above the most connections · is 503 with Retry-After, and free again when one leaves", async () => {
      world = await start({ maxConnections: 2 });
      const [first] = [open(), open()];
      await eventually(() => world.sockets.connections === 2, { what: "both" });
      expect(await refusal(open())).to.deep.equal({ status: 503, retryAfter: "1" });
      first?.close();
      await eventually(() => world.sockets.connections === 1, { what: "one to leave" });
      expect(await frame(open())).to.equal('{"type":"first"}');
    });

    it("a consumer too slow · has frames skipped, then is closed with 4408", async () => {
      world = await start();
      const client = open();
      await frame(client);
      client.pause();
      const [stream] = world.streams;
      const text = "x".repeat(64 * 1024);
      let skipped = 0;
      await eventually(
        () => {
          if (!stream?.send(text)) skipped += 1;
          return !stream?.isOpen;
        },
        { what: "the end of the stream", intervalMs: 1 },
      );
      expect(skipped).to.be.at.least(20);
      const codes = (await world.metrics.sockets.closed.get()).values.map(({ labels }) => labels.code);
      expect(codes).to.deep.equal(["4408"]);
      client.resume();
      expect((await closing(client)).code).to.equal(4408);
    });

    it("a consumer that catches up in time · stays", async () => {
      world = await start();
      const client = open();
      await frame(client);
      client.pause();
      const [stream] = world.streams;
      const text = "x".repeat(64 * 1024);
      await eventually(() => !stream?.send(text), { what: "a skipped frame", intervalMs: 1 });
      client.resume();
      await eventually(() => stream?.send("caught up"), { what: "a frame that is taken" });
      expect(stream?.isOpen).to.equal(true);
    });

    it("a stream that has ended · takes no frame and no second end", async () => {
      world = await start();
      const client = open();
      await frame(client);
      const [stream] = world.streams;
      stream?.close(CloseCode.done, "over");
      stream?.close(CloseCode.replaced);
      expect((await closing(client)).code).to.equal(1000);
      expect(stream?.send("late")).to.equal(false);
      stream?.confirm(() => expect.fail("nobody is there to confirm"));
    });
  });

  describe("confirmations", () => {
    it("a client that received what was sent · is told of once for each question, in order", async () => {
      world = await start();
      const client = open();
      await frame(client);
      const heard: string[] = [];
      for (const name of ["first", "second"]) world.streams[0]?.confirm(() => void heard.push(name));
      await eventually(() => heard.length === 2, { what: "both" });
      expect(heard).to.deep.equal(["first", "second"]);
    });

    it("a pong to an earlier ping · confirms nothing that was sent after it", async () => {
      world = await start({ heartbeatMs: 600_000 });
      const client = open("/ws/v1/things/7", [PROTOCOL], { autoPong: false });
      await frame(client);
      const pings: Buffer[] = [];
      client.on("ping", (said) => void pings.push(said));
      const heard: string[] = [];
      world.streams[0]?.confirm(() => void heard.push("before"));
      await eventually(() => pings.length === 1, { what: "the first ping" });
      world.streams[0]?.send("frame");
      world.streams[0]?.confirm(() => void heard.push("after"));
      client.pong(pings[0]);
      await eventually(() => heard.length > 0, { what: "the first word" });
      expect(heard).to.deep.equal(["before"]);
      client.pong(pings[1]);
      await eventually(() => heard.length > 1, { what: "the second word" });
    });
  });

  describe("heartbeats", () => {
    it("a client that answers pings · stays", async () => {
      world = await start({ heartbeatMs: 60, wheel: createTimerWheel(5) });
      const client = open();
      await frame(client);
      let pings = 0;
      client.on("ping", () => {
        pings += 1;
      });
      await eventually(() => pings >= 4, { what: "four pings" });
      expect(client.readyState).to.equal(WebSocket.OPEN);
      world.sockets.wheel.stop();
    });

    it("a client that answers none · is cut off within two beats, and its end is told once", async () => {
      world = await start({ heartbeatMs: 60, wheel: createTimerWheel(5) });
      const client = open("/ws/v1/things/7", [PROTOCOL], { autoPong: false });
      await frame(client);
      let ends = 0;
      world.streams[0]?.onClose(() => {
        ends += 1;
      });
      expect((await closing(client)).code).to.equal(1006);
      await eventually(() => world.sockets.connections === 0, { what: "its end" });
      expect([ends, world.sockets.wheel.size]).to.deep.equal([1, 0]);
      world.sockets.wheel.stop();
    });

    it("D5 · 300 sockets · have no timer of their own", async () => {
      world = await start();
      const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
      await frame(open());
      const before = timers();
      const wheel = world.sockets.wheel.size;
      const all = Array.from({ length: 300 }, () => frame(open()));
      await Promise.all(all);
      expect(world.sockets.wheel.size).to.equal(wheel + 300);
      expect(timers()).to.be.at.most(before);
    });
  });

  describe("restart", () => {
    it("close · tells everybody 1012 and ends when they have gone", async () => {
      world = await start();
      const all = [open(), open(), open()];
      await Promise.all(all.map(frame));
      const ends = Promise.all(all.map(closing));
      await world.sockets.close();
      expect((await ends).map(({ code }) => code)).to.deep.equal([1012, 1012, 1012]);
      expect(world.sockets.connections).to.equal(0);
    });

    it("close · with a client that never answers · ends all the same", async () => {
      world = await start();
      const client = open();
      await frame(client);
      client.pause();
      await world.sockets.close();
      await eventually(() => world.sockets.connections === 0, { what: "its end" });
    });
  });
});
