/**
 * One tick's positions to thousands of real sockets: ours by the position stream, and what it is measured against.
 *
 * The line is made by hand, so that nothing but the telling is measured: no Redis, no journal.
 */
import { createSecretKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createLogger } from "../../../src/platform/logger.ts";
import { createMetrics } from "../../../src/platform/metrics.ts";
import { attachSockets } from "../../../src/platform/sockets/index.ts";
import { createCredentials } from "../../../src/queue/credentials.ts";
import { createPositionStreams } from "../../../src/queue/position-stream.ts";
import { answerQuestions } from "../frame/child.ts";
import { lineOfFans } from "./line-of-fans.ts";

/** Without the pauses for other work that a sliced tick makes. */
const UNSLICED = Number.POSITIVE_INFINITY;
/** The front hears at every beat; this far back a place has five digits and an estimate. */
const DEPTH = 20_000;

const sockets: Socket[] = [];
let crowd: ReturnType<typeof openLine>;

function openLine(count: number) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const credentials = createCredentials(createSecretKey(randomBytes(32)), privateKey);
  const metrics = createMetrics();
  let told = 0;
  const note = (by = 1) => {
    told += by;
  };
  const counting = {
    ...metrics,
    queue: { ...metrics.queue, positionUpdates: { inc: note } },
  } as unknown as typeof metrics;
  return {
    metrics,
    ...lineOfFans(count, DEPTH),
    sliced: createPositionStreams({ credentials, metrics: counting }),
    unsliced: createPositionStreams({ credentials, metrics: counting, slice: UNSLICED }),
    told: () => told,
  };
}

async function start(count: number): Promise<number> {
  crowd = openLine(count);
  const { line, fans, metrics, sliced } = crowd;
  const server = createServer();
  server.on("connection", (socket) => sockets.push(socket));
  attachSockets(server, {
    log: createLogger("bench", "warn"),
    metrics,
    heartbeatMs: 3_600_000,
    routes: [
      {
        name: "position",
        path: /^\/fans\/(?<index>\d+)$/,
        open: ({ params }) => ({
          ok: true,
          start: (stream) => sliced.add(line, fans[Number(params.index)] as (typeof fans)[number], stream),
        }),
      },
    ],
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4_096, resolve));
  return (server.address() as AddressInfo).port;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Every fan is due. @returns milliseconds each turn of the event loop took, until the last was told. */
async function tell(how: "sliced" | "unsliced"): Promise<number[]> {
  const { line, fans, told } = crowd;
  for (const fan of fans) fan.nextSendAt = 0;
  const all = told() + fans.length;
  const turns: number[] = [];
  let startedAt = performance.now();
  crowd[how].sendDue(line, Date.now());
  for (;;) {
    const now = performance.now();
    turns.push(now - startedAt);
    startedAt = now;
    if (told() >= all) return turns;
    await turn();
  }
}

/** The floor: the same number of messages of the same length, framed beforehand, in one loop. */
function write(): number {
  const frame = textFrame(crowd.sample);
  const startedAt = performance.now();
  for (const socket of sockets) socket.write(frame);
  return performance.now() - startedAt;
}

/** An unmasked text frame of 126 to 65,535 bytes. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}

answerQuestions({
  start,
  "milliseconds to tell": async () => (await tell("sliced")).reduce((sum, each) => sum + each, 0),
  "milliseconds to write": write,
  "turns to tell": tell,
});
