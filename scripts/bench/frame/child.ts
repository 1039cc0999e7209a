/**
 * Child processes that answer questions: servers under test, baselines, the load generator.
 *
 * Each is the compiled program, in production form, and ends by itself when this process is gone.
 */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StartOptions } from "./bench.ts";

export interface Child {
  readonly pid: number;
  /** @throws Error with what the child said, or that it ended. */
  ask<Answer>(question: string, ...values: readonly unknown[]): Promise<Answer>;
  /** Ends it in order, by force after five seconds. */
  end(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly fault?: string;
}

const PATIENCE_MS = 5_000;

/** @param file a compiled program that calls `answerQuestions`. */
export function startChild(file: string, options: StartOptions = {}): Child {
  const output = options.outputFile ? openSync(options.outputFile, "w") : "ignore";
  const child = fork(file, {
    env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: "", ...options.environment },
    execArgv: [...(options.nodeOptions ?? [])],
    serialization: "advanced",
    stdio: ["ignore", output, "inherit", "ipc"],
  });
  if (typeof output === "number") closeSync(output);
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(fault: Error): void }>();
  let asked = 0;
  let lost: Error | null = null;

  child.on("message", (message) => {
    const { id, answer, fault } = message as Reply;
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (fault === undefined) waiter?.resolve(answer);
    else waiter?.reject(new Error(`${path.basename(file)}: ${fault}`));
  });
  child.on("exit", (code, signal) => {
    lost = new Error(`${path.basename(file)} ended (${signal ?? code})`);
    for (const { reject } of waiting.values()) reject(lost);
    waiting.clear();
  });

  return {
    pid: child.pid as number,
    ask<Answer>(question: string, ...values: readonly unknown[]) {
      return new Promise<Answer>((resolve, reject) => {
        if (lost) return reject(lost);
        asked += 1;
        waiting.set(asked, { resolve: resolve as (answer: unknown) => void, reject });
        child.send({ id: asked, question, values });
      });
    },
    end: () => endChild(child),
  };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
  child.kill("SIGTERM");
  const patience = new AbortController();
  const timeUp = sleep(PATIENCE_MS, false, { signal: patience.signal }).catch(() => false);
  const inTime = await Promise.race([exited, timeUp]);
  patience.abort();
  if (inTime) return;
  child.kill("SIGKILL");
  await exited;
}

export type Questions = Readonly<Record<string, (...values: never[]) => unknown>>;

/** The child's side: answers until it is ended or its parent is gone. */
export function answerQuestions(questions: Questions): void {
  const send = (reply: Reply) => {
    if (process.connected) process.send?.(reply);
  };
  process.on("message", async (message) => {
    const { id, question, values } = message as { id: number; question: string; values: never[] };
    try {
      const answer = questions[question];
      if (!answer) throw new Error(`nobody answers "${question}"`);
      send({ id, answer: await answer(...values) });
    } catch (fault) {
      send({ id, fault: (fault as Error).stack ?? String(fault) });
    }
  });
  process.on("disconnect", () => process.exit(0));
  process.on("SIGTERM", () => process.exit(0));
}
