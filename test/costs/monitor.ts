/** Every command that Redis is sent, counted as it arrives: what MONITOR shows, without what scripts do inside. */
import { randomUUID } from "node:crypto";
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
  const watching = new Redis(redisUrl);
  const database = new URL(redisUrl).pathname.slice(1) || "0";
  const monitor = await watching.monitor();
  let seen: Command[] = [];
  let marked: (() => void) | null = null;
  let mark = "";

  monitor.on("monitor", (_time: string, [name = "", ...args]: string[], source: string, db: string) => {
    if (args[0] === mark) marked?.();
    else if (source !== "lua" && db === database && name.toLowerCase() !== "ping")
      seen.push({ name: name.toLowerCase(), args });
  });

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
      for (const client of [marker, watching, monitor]) client.disconnect();
    },
  };
}
