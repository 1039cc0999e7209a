/** The slowest command of a time, as Redis itself measures it. */
import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { loadScripts } from "../../../src/platform/scripts.ts";
import { LUA_FOLDER } from "../../../src/queue/index.ts";

export interface Slowest {
  /** Since the watch began. */
  read(): Promise<{ readonly name: string; readonly milliseconds: number }>;
}

const NOTED_FROM_MICROS = 500;
const NOTED = 10_000;

type Entry = [id: number, at: number, micros: number, command: string[], ...rest: string[]];

export async function watchSlowest(redis: Redis): Promise<Slowest> {
  await redis.config("SET", "slowlog-log-slower-than", NOTED_FROM_MICROS);
  await redis.config("SET", "slowlog-max-len", NOTED);
  await redis.slowlog("RESET");
  const names = new Map(
    [...loadScripts(LUA_FOLDER).scripts.values()].map(({ name, lua }) => [
      createHash("sha1").update(lua).digest("hex"),
      `${name}.lua`,
    ]),
  );
  return {
    async read() {
      // Emptying a long log is slow and is the first entry of the new one.
      const entries = ((await redis.slowlog("GET", NOTED)) as Entry[]).filter(
        ([, , , [command]]) => command?.toUpperCase() !== "SLOWLOG",
      );
      const [, , micros = 0, command = []] = entries.reduce<Partial<Entry>>(
        (slowest, entry) => (entry[2] > (slowest[2] ?? 0) ? entry : slowest),
        [],
      );
      const name = names.get(command[1] ?? "") ?? (command[0] ?? "none").toUpperCase();
      return { name, milliseconds: micros / 1_000 };
    },
  };
}
