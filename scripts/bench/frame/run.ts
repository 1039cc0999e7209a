/** Runs benchmarks one after the other, each on stores and processes of its own, and takes all down again. */
import path from "node:path";
import { createReleaser } from "../../../src/platform/releaser.ts";
import type { LoadResult } from "../load/http.ts";
import { encodeRequests } from "../load/requests.ts";
import type { Bench, BenchContext, Row, StartOptions } from "./bench.ts";
import { type Child, startChild } from "./child.ts";
import { CONNECTIONS } from "./http-row.ts";
import type { Options } from "./options.ts";
import type { OwnStores } from "./stores.ts";

export interface Finding {
  readonly bench: Bench;
  readonly rows: readonly Row[];
  /** Why there are none. */
  readonly fault: Error | null;
}

export interface Runner {
  run(bench: Bench): Promise<Finding>;
  /** Requests a second that the load generator can make. */
  ceiling(): Promise<number>;
  close(): Promise<void>;
}

const PROFILES = path.resolve(import.meta.dirname, "..", "..", "..", ".fastpass", "profiles");
const CLOSE_MS = 15_000;

/** @param programs the folder of the compiled benchmark. */
export function createRunner(
  programs: string,
  stores: OwnStores,
  { rounds, seconds, profile }: Options,
  say: (line: string) => void,
): Runner {
  const running = new Set<Child>();
  let ceiling: number | null = null;

  function start(file: string, options: StartOptions): Child {
    const profiled = profile ? ["--cpu-prof", `--cpu-prof-dir=${PROFILES}`] : [];
    const nodeOptions = [...(options.nodeOptions ?? []), ...profiled];
    const child = startChild(path.join(programs, `${file}.js`), { ...options, nodeOptions });
    running.add(child);
    return child;
  }

  async function stop(child: Child): Promise<void> {
    running.delete(child);
    await child.end();
  }

  async function measureCeiling(): Promise<number> {
    const server = start("servers/ceiling", {});
    const load = start("load/index", {});
    try {
      const port = await server.ask<number>("start");
      const requests = encodeRequests([{ method: "POST", path: "/count", body: {} }]);
      const plan = { port, connections: CONNECTIONS, seconds: 2, requests, repeat: true };
      await load.ask("stream", { ...plan, seconds: 0.5 });
      return (await load.ask<LoadResult>("stream", plan)).perSecond;
    } finally {
      await stop(load);
      await stop(server);
    }
  }

  return {
    async ceiling() {
      ceiling ??= await measureCeiling();
      return ceiling;
    },
    async run(bench) {
      const releaser = createReleaser(CLOSE_MS);
      const open = (file: string, options: StartOptions = {}) => {
        const child = start(file, options);
        releaser.add(file, () => stop(child));
        return child;
      };
      const context: BenchContext = {
        rounds,
        seconds,
        stores,
        load: open("load/index"),
        ceiling: await this.ceiling(),
        start: async (server, options) => open(`servers/${server}`, options),
        defer: (name, close) => releaser.add(name, close),
        say,
      };
      try {
        return { bench, rows: await bench.run(context), fault: null };
      } catch (fault) {
        return { bench, rows: [], fault: fault as Error };
      } finally {
        await releaser.release();
        await stores.clear();
      }
    },
    async close() {
      await Promise.all([...running].map(stop));
    },
  };
}
