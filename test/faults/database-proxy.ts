/** Stands between a gateway and PostgreSQL: slow, or losing the answer of one COMMIT. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface DatabaseProxy {
  readonly url: string;
  /** The next COMMIT of a transaction that ran this statement gets through, and its answer does not. */
  cutCommitOf(statement: string): void;
  cuts(): number;
  /** Every answer takes this much longer. */
  delay(ms: number): void;
  close(): Promise<void>;
}

/** Long enough for the server to have committed, before the connection goes. */
const LATER_MS = 50;

export async function openDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const url = new URL(databaseUrl);
  const [port, host] = [Number(url.port), url.hostname];
  const sockets = new Set<Socket>();
  let marker: string | null = null;
  let cuts = 0;
  let delayMs = 0;
  const server = createServer((client) => {
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    let seen = false;
    client.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      if (/\bBEGIN;/.test(text)) seen = false;
      if (marker !== null && text.includes(`${marker}_`)) seen = true;
      if (!seen || !text.includes("COMMIT;")) return void upstream.write(bytes);
      [marker, seen] = [null, false];
      cuts += 1;
      upstream.removeAllListeners("data");
      upstream.write(bytes, () => setTimeout(() => upstream.destroy(), LATER_MS));
      client.destroy();
    });
    let turn: Promise<unknown> = Promise.resolve();
    upstream.on("data", (bytes) => {
      if (delayMs === 0) return void client.write(bytes);
      turn = Promise.all([turn, sleep(delayMs)]).then(() => client.write(bytes));
    });
    client.on("close", () => setTimeout(() => upstream.destroy(), 2 * LATER_MS));
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cutCommitOf(statement) {
      marker = statement;
    },
    cuts: () => cuts,
    delay(ms) {
      delayMs = ms;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
