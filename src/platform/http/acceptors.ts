/**
 * Several acceptors on one port, so that a crowd at the door is let in while those inside are served.
 *
 * libuv takes one connection per listening handle and turn of the event loop (since 1.45,
 * https://github.com/libuv/libuv/pull/3696). A gateway at work has turns of some milliseconds, so a crowd is let in by a few
 * hundred a second: the rest waits in the kernel's accept queue, and once that is full their SYNs are dropped and sent
 * again after 1, 3, 7 and 15 seconds. Copies of the handle are taken from in the same turn.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Server as HttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Logger } from "../logger.ts";

/** Connections taken in a turn of the event loop. Those inside wait for their first requests, a millisecond or so each. */
const ACCEPTORS = 16;
const COPIED_WITHIN_MS = 5_000;

/** Whoever listens on a copy sets the bound of the queue that all of them share. */
export const BACKLOG = 4_096;

/**
 * A process that sends back each listening handle it is sent: what comes back is another descriptor of the same socket,
 * which Node.js has no other way to make. A received handle is listened on at once, there too; it is closed in the same
 * turn of the loop in which it came, so that no connection is ever taken from it. Node.js would listen with its own bound
 * of 511, which would stay if this process ended before the copy is listened on here.
 */
export const COPIER = `
  const { Server } = require("node:net");
  const { listen } = Server.prototype;
  Server.prototype.listen = function (handle, then) {
    return listen.call(this, handle, ${BACKLOG}, then);
  };
  process.on("message", (message, copy) => process.send(message, copy, {}, () => copy.close()));
`;

export interface AcceptorOptions {
  readonly log: Pick<Logger, "warn">;
  /** Acceptors in all, the server's own among them. */
  readonly count?: number;
  /** The program of the process that gives handles back. */
  readonly copier?: string;
}

export interface Acceptors {
  /** How many there are in all. */
  readonly count: number;
  /** Takes no more connections. Resolves when those that were taken here have ended. */
  close(): Promise<void>;
}

/**
 * Opens acceptors beside that of a server that listens; their connections are the server's like any other. Where no
 * copy can be had, the server goes on by itself, and the log says so.
 */
export async function openAcceptors(server: HttpServer, options: AcceptorOptions): Promise<Acceptors> {
  const { log, count = ACCEPTORS, copier = COPIER } = options;
  const opened: Server[] = [];
  // A connection that can't be taken, for want of memory say, is no reason to end.
  const notTaken = (fault: Error) => log.warn("a connection was not taken", { fault: String(fault) });
  server.on("error", notTaken);
  try {
    await copyListener(server, count - 1, copier, async (copy) => {
      const acceptor = await openAcceptor(server, copy);
      acceptor.on("error", notTaken);
      opened.push(acceptor);
    });
  } catch (fault) {
    log.warn("a crowd will be let in slowly: the listening socket can't be copied", {
      acceptors: opened.length + 1,
      fault: String(fault),
    });
  }
  return {
    count: opened.length + 1,
    close: async () => {
      await Promise.all(opened.map((each) => new Promise((resolve) => each.close(resolve))));
    },
  };
}

/** The settings are those that node:http gives to its own connections. */
function openAcceptor(server: HttpServer, listener: Server): Promise<Server> {
  return new Promise((resolve, reject) => {
    const acceptor = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) => {
      server.emit("connection", socket);
    });
    acceptor.once("error", reject);
    acceptor.listen(listener, BACKLOG, () => resolve(acceptor));
  });
}

/**
 * One copy after the other: a process that is sent several holds each back until the one before is acknowledged, and would
 * listen on it meanwhile.
 */
async function copyListener(
  server: HttpServer,
  count: number,
  copier: string,
  use: (copy: Server) => Promise<void>,
): Promise<void> {
  if (count < 1) return;
  const child = spawn(process.execPath, ["--eval", copier], {
    env: {},
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    timeout: COPIED_WITHIN_MS,
    killSignal: "SIGKILL",
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`the copier ended with ${signal ?? code}`)));
  });
  try {
    for (let number = 0; number < count; number += 1)
      await use(await Promise.race([copyBy(child, server), failed]));
  } finally {
    // Whatever it has been sent ends with it; it has nothing to finish.
    child.kill("SIGKILL");
    await failed.catch(() => undefined);
  }
}

function copyBy(child: ChildProcess, server: HttpServer): Promise<Server> {
  return new Promise((resolve, reject) => {
    child.once("message", (_message, copy) => {
      if (copy) resolve(copy as Server);
      else reject(new Error("the copier sent no handle"));
    });
    child.send("copy", server, (fault) => {
      if (fault) reject(fault);
    });
  });
}
