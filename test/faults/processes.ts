/** Real child processes that a test stops, kills or lets run with a wrong clock, and a client that talks to one. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { passOf } from "../reservations/plain-queue.ts";
import type { Answer, Fan, Hall } from "../reservations/world.ts";
import { eventually } from "../support/wait.ts";

/** Where a room process stops for good, or for a while, and waits for what the test does to it. */
export type Plant =
  | "none"
  /** The event loop stands still for longer than the seat lock lives, right after it was granted. */
  | "block-after-lock"
  /** The same, with a lease that claims to live for ever: only PostgreSQL is left to say no. */
  | "block-after-lock-unnoticed"
  | "stop-in-transaction"
  | "stop-before-job"
  | "stop-before-charge"
  | "stop-after-charge"
  | "stop-after-refund";

export interface RoomProcessOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly plant?: Plant;
  /** Runs the workers of both rooms too. */
  readonly workers?: boolean;
  readonly clockOffsetMs?: number;
}

export interface Process {
  readonly pid: number;
  /** Waits for a line with this text. @returns what follows in it. */
  said(text: string, timeoutMs?: number): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** @returns the exit code; null when a signal ended it. */
  ended(): Promise<number | null>;
  kill(): Promise<void>;
}

export interface RoomProcess extends Process {
  readonly url: string;
  hold(fan: Fan, hall: Hall, ordinals: readonly number[], key?: string): Promise<Answer>;
  pay(fan: Fan, reservationId: string, card?: string, key?: string): Promise<Answer>;
}

const START_MS = 50_000;

/** Reservations and payments behind HTTP in a process of their own, on the world's stores. */
export async function startRoomProcess(options: RoomProcessOptions): Promise<RoomProcess> {
  const { redisUrl, clockOffsetMs } = options;
  const preloads = clockOffsetMs
    ? ["--import", fileURLToPath(new URL("moved-clock.ts", import.meta.url))]
    : [];
  const child = launch(
    [...preloads, fileURLToPath(new URL("room-process.ts", import.meta.url)), JSON.stringify(options)],
    { TEST_REDIS_URL: redisUrl, CLOCK_OFFSET_MS: String(clockOffsetMs ?? 0) },
  );
  const url = await child.said("ready ", START_MS).catch(async (fault) => {
    await child.kill();
    throw fault;
  });
  return {
    ...child,
    url,
    hold: (fan, hall, ordinals, key) =>
      send(`${url}/performances/${hall.id}/reservations`, fan, {
        headers: { "Queue-Pass": passOf(fan, hall), ...(key && { "Idempotency-Key": key }) },
        body: { seatIds: ordinals.map((ordinal) => hall.seatIds[ordinal]) },
      }),
    pay: (fan, reservationId, card = "success", key = randomUUID()) =>
      send(`${url}/reservations/${reservationId}/payments`, fan, {
        headers: { "Idempotency-Key": key },
        body: { method: { type: "sandbox", card } },
      }),
  };
}

/** The production form of a gateway or a worker. */
export function startProgram(
  program: "gateway" | "worker",
  environment: Readonly<Record<string, string>>,
): Process {
  const file = program === "gateway" ? "src/server.ts" : "workers/index.ts";
  return launch([fileURLToPath(new URL(`../../${file}`, import.meta.url))], {
    ...environment,
    LOG_LEVEL: "info",
  });
}

export function launch(args: readonly string[], environment: Readonly<Record<string, string>>): Process {
  const child = spawn(process.execPath, ["--import", "tsx", ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on("line", (line) => lines.push(line));
  return {
    pid: child.pid ?? 0,
    async said(text, timeoutMs = 10_000) {
      const line = await eventually(
        () => {
          const found = lines.find((one) => one.includes(text));
          if (!found && hasEnded(child)) throw new Error(`it ended: ${lines.slice(-5).join("\n")}`);
          return found;
        },
        { timeoutMs, what: `a line with ${text}` },
      );
      return line.slice(line.indexOf(text) + text.length);
    },
    signal: (signal) => void child.kill(signal),
    async ended() {
      if (!hasEnded(child)) await once(child, "exit");
      return child.exitCode;
    },
    async kill() {
      if (hasEnded(child)) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function send(
  url: string,
  fan: Fan,
  { headers, body }: { headers: Record<string, string>; body: object },
): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { Authorization: `Bearer ${fan.userId}`, "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text ? JSON.parse(text) : undefined,
  };
}
