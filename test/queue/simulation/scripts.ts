/**
 * The queue's scripts in virtual time: only the include that reads the clock is another one, all else is what
 * runs in production. The time stands in a key of its own and moves on by a microsecond at each reading.
 */
import { type LoadOptions, loadScripts, type ScriptFolder } from "../../../src/platform/scripts.ts";
import { LUA_FOLDER } from "../../../src/queue/index.ts";

const TIME = `local function redisTime()
  return redis.call('INCRBY', 'time:' .. state, 1)
end`;

export function virtualScripts(options: LoadOptions = {}): ScriptFolder {
  return loadScripts(LUA_FOLDER, {
    ...options,
    replaceIncludes: { time: TIME, ...options.replaceIncludes },
  });
}

export const timeKey = (stateKey: string): string => `time:${stateKey}`;
