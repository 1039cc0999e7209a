/**
 * Started by ten-thousand.test.ts: fans who join over HTTP and follow their places over WebSocket, many in one process.
 *
 * It is told whom to play, says when they are all there, and at `report` what they were told.
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

export interface CrowdPlan {
  readonly url: string;
  readonly queueId: string;
  readonly tokens: readonly string[];
  /** Fans without a socket only join. */
  readonly follows: boolean;
  /** Over how long they come. */
  readonly withinMs: number;
  /** Of so many fans each message is kept. */
  readonly sample: number;
}

export interface CrowdReport {
  /** By ticket, how often `admitted` came. */
  readonly admitted: Readonly<Record<string, number>>;
  readonly tickets: readonly string[];
  /** Of the sample: ticketId, epoch, position, asOf. */
  readonly places: readonly (readonly [string, number, number, string])[];
  readonly frames: number;
  /** Sockets that ended, with their codes. */
  readonly ended: readonly number[];
}

const AT_ONCE = 24;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const sockets: WebSocket[] = [];
const admitted: Record<string, number> = {};
const tickets: string[] = [];
const places: [string, number, number, string][] = [];
const ended: number[] = [];
let frames = 0;

process.on("message", (message: CrowdPlan | "report") => {
  if (message !== "report") {
    play(message).then(
      () => process.send?.("there"),
      (fault: Error) => process.send?.(`failed: ${fault.stack}`),
    );
    return;
  }
  const report: CrowdReport = { admitted, tickets, places, frames, ended };
  process.send?.(report, () => process.exit(0));
});

async function play(plan: CrowdPlan): Promise<void> {
  const startedAt = performance.now();
  let next = 0;
  async function one(): Promise<void> {
    while (next < plan.tokens.length) {
      const index = next;
      next += 1;
      const dueAt = startedAt + (plan.withinMs * index) / plan.tokens.length;
      await sleep(Math.max(0, dueAt - performance.now()));
      const view = await join(plan, plan.tokens[index] as string);
      tickets.push(view.ticketId);
      if (plan.follows) await follow(plan, view, index < plan.sample);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

interface View {
  readonly ticketId: string;
  readonly ticket: string;
}

function join({ url, queueId }: CrowdPlan, token: string): Promise<View> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}` };
    const asked = request(
      `${url}/api/v1/queues/${queueId}/tickets`,
      { method: "POST", agent, headers },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        answer.on("end", () =>
          answer.statusCode === 201
            ? resolve(JSON.parse(text))
            : reject(new Error(`${answer.statusCode} ${text}`)),
        );
      },
    );
    asked.on("error", reject).end();
  });
}

function follow({ url, queueId }: CrowdPlan, { ticketId, ticket }: View, isSampled: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const address = `${url.replace("http", "ws")}/ws/v1/queues/${queueId}`;
    const socket = new WebSocket(address, ["fastpass.v1", `token.${ticket}`], { perMessageDeflate: false });
    sockets.push(socket);
    socket.on("message", (data) => {
      frames += 1;
      const frame = JSON.parse(String(data));
      if (frame.type === "state") resolve();
      if (frame.type === "admitted") admitted[ticketId] = (admitted[ticketId] ?? 0) + 1;
      if (isSampled && frame.position) places.push([ticketId, frame.epoch, frame.position, frame.asOf]);
    });
    socket.on("error", reject);
    socket.on("close", (code) => void ended.push(code));
  });
}
