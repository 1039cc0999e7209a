/** Every command that Redis is sent, counted as it arrives: what MONITOR shows, without what scripts do inside. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";

export interface Command {
  /** In lower case, such as `evalsha`. */
  readonly name: string;
  readonly args: readonly string[];
}

export interface Monitor {
  /** The commands since the last call, of all connections to this database; PING is left out. */
  take(): Promise<Command[]>;
  close(): void;
}

export async function openMonitor(redisUrl: string): Promise<Monitor> {
  const marker = new Redis(redisUrl);
  const database = new URL(redisUrl).pathname.slice(1) || "0";
  // ioredis takes the first command shown for an answer, and fails, when both come in one packet with the OK.
  const { hostname, port } = new URL(redisUrl);
  const watching = connect(Number(port), hostname);
  const lines = createInterface({ input: watching });
  let seen: Command[] = [];
  let marked: (() => void) | null = null;
  let mark = "";

  lines.on("line", (line) => {
    const [, db, source, shown] = /^\+[\d.]+ \[(\d+) (\S+)\] (.*)$/.exec(line) ?? [];
    if (shown === undefined) return;
    const [name = "", ...args] = Array.from(shown.matchAll(/"((?:[^"\\]|\\.)*)"/g), ([, word = ""]) =>
      word.replaceAll('\\"', '"'),
    );
    if (args[0] === mark) marked?.();
    else if (source !== "lua" && db === database && name.toLowerCase() !== "ping")
      seen.push({ name: name.toLowerCase(), args });
  });
  watching.write("MONITOR\r\n");
  await once(lines, "line");

  return {
    async take() {
      mark = randomUUID();
      const arrived = new Promise<void>((resolve) => {
        marked = resolve;
      });
      await marker.echo(mark);
      await arrived;
      const taken = seen;
      seen = [];
      return taken;
    },
    close() {
      marker.disconnect();
      watching.destroy();
    },
  };
}
