/**
 * The queue's scripts in virtual time: only the includes that read the clock and draw lots are other ones, all else
 * is what runs in production. The time stands in a key of its own and moves on by a microsecond at each reading.
 */
import { type LoadOptions, loadScripts, type ScriptFolder } from "../../../src/platform/scripts.ts";
import { LUA_FOLDER } from "../../../src/queue/index.ts";

const TIME = `local function redisTime()
  return redis.call('INCRBY', 'time:' .. state, 1)
end`;

/** Members of a set have no order that could be repeated; those with the least ids are drawn. */
const LOTS = `local function drawLots(count)
  local all = redis.call('SMEMBERS', lobby)
  table.sort(all)
  local drawn = {}
  for index = 1, math.min(count, #all) do
    drawn[index] = all[index]
    redis.call('SREM', lobby, all[index])
  end
  return drawn
end`;

export function virtualScripts(options: LoadOptions = {}): ScriptFolder {
  return loadScripts(LUA_FOLDER, {
    ...options,
    replaceIncludes: { time: TIME, lots: LOTS, ...options.replaceIncludes },
  });
}

export const timeKey = (stateKey: string): string => `time:${stateKey}`;
