/** stripe-mock, Stripe's own stand-in that holds every request to its published API, from the Go module proxy. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { removePlace, temporaryPlace } from "../../scripts/local/places.ts";
import { freePort } from "../../scripts/local/ports.ts";
import { launch, type ServerProcess } from "../../scripts/local/processes.ts";
import { eventually } from "../support/wait.ts";

const MODULE = "github.com/stripe/stripe-mock@v0.203.0";
const BIN = path.resolve(import.meta.dirname, "../../node_modules/.cache/fastpass/bin");

/** @returns the program; null where there is no Go to make it with. @throws when Go can't make it. */
export async function ensureStripeMock(): Promise<string | null> {
  const program = path.join(BIN, "stripe-mock");
  if (existsSync(program)) return program;
  const run = promisify(execFile);
  const there = await run("go", ["version"]).catch(() => null);
  if (!there) return null;
  await mkdir(BIN, { recursive: true });
  await run("go", ["install", MODULE], { env: { ...process.env, GOBIN: BIN, GOFLAGS: "-mod=mod" } });
  return program;
}

/** @returns the port it serves on, and how to end it. */
export async function startStripeMock(program: string): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const cwd = await temporaryPlace("stripe");
  const server: ServerProcess = await launch({
    command: program,
    args: ["-http-addr", `127.0.0.1:${port}`],
    cwd,
    user: null,
    logFile: path.join(cwd, "stripe-mock.log"),
    stopSignal: "SIGTERM",
  });
  await eventually(() => fetch(`http://127.0.0.1:${port}/v1/charges`).then(() => true), {
    timeoutMs: 15_000,
    what: "stripe-mock",
  });
  return {
    port,
    async stop() {
      await server.end("SIGTERM", 5_000);
      await removePlace(cwd);
    },
  };
}
