/**
 * Bugs that a person could write, as changes of the scripts. Each must make the simulation fail: a checker that finds
 * nothing proves something only if it finds these.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadOptions } from "../../../src/platform/scripts.ts";
import { LUA_FOLDER } from "../../../src/queue/index.ts";

export interface PlantedBug {
  readonly name: string;
  /** A rule of which at least one violation must be found. */
  readonly rule: string;
  readonly scripts: LoadOptions;
}

/** @throws Error when the text to change is not there: the bug would not be planted. */
function plant(name: string, rule: string, file: string, from: string, to: string): PlantedBug {
  const replace = (text: string) => {
    if (!text.includes(from)) throw new Error(`${file}.lua has no "${from}"`);
    return text.replace(from, () => to);
  };
  if (!file.startsWith("includes/")) {
    const transform = (script: string, lua: string) => (script === file ? replace(lua) : lua);
    return { name, rule, scripts: { transform } };
  }
  const text = replace(readFileSync(join(LUA_FOLDER, `${file}.lua`), "utf8"));
  return { name, rule, scripts: { replaceIncludes: { [file.slice("includes/".length)]: text } } };
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  plant(
    "a rank is one too high",
    "Q4",
    "includes/view",
    "LINES[t.lane + 1], userId) or -1",
    "LINES[t.lane + 1], userId) or -1\n    rank = rank + 1",
  ),
  plant(
    "leaving takes the ticket out of the line at once",
    "Q4",
    "leave",
    "redis.call('ZADD', departing,",
    "redis.call('ZREM', (string.gsub(state, 'state$', 'line' .. t.lane)), userId) redis.call('ZADD', departing,",
  ),
  plant(
    "a departure is not told to the gateways",
    "Q4",
    "includes/departures",
    "    depart(t.lane, tonumber(leaving[index + 1]))",
    "    moved = moved + 1",
  ),
  plant(
    "joining does not look whether the account has a place",
    "Q1",
    "join",
    "if mine and LIVE[mine.state] then",
    "if false then",
  ),
  plant(
    "a sequence is the length of the line",
    "Q1",
    "join",
    "local sequence = math.max(s.lastSequence + 1, now - s.createdAt)",
    "local sequence = inLine() + 1",
  ),
  plant(
    "the fence does not rise",
    "Q1",
    "includes/admit",
    "'HINCRBY', state, 'fence', 1",
    "'HINCRBY', state, 'fence', 0",
  ),
  plant(
    "the tick ignores the rate",
    "Q3",
    "includes/admission",
    "{ allowedBy(p), 'rate' }",
    "{ 100, 'rate' }",
  ),
  plant(
    "the ring forgets after half a minute",
    "Q3",
    "includes/pace",
    "ADMITTED_CELLS = 601",
    "ADMITTED_CELLS = 301",
  ),
  plant(
    "a turn that was missed is given back twice",
    "Q3",
    "includes/admission",
    "giveBack(p, missed)",
    "giveBack(p, 2 * missed)",
  ),
  plant(
    "only those who arrived count as inside",
    "Q3",
    "includes/slots",
    "redis.call('ZCARD', arriving) + redis.call('ZCARD', active)",
    "redis.call('ZCARD', active)",
  ),
  plant("the last in line is admitted first", "Q2", "includes/lanes", "'ZPOPMIN'", "'ZPOPMAX'"),
  plant(
    "who was passed over and is back waits behind the line",
    "Q2",
    "includes/admission",
    "local admitted, allBack = admitReturned(budget)",
    "local admitted, allBack = admitReturned(0), true",
  ),
  plant(
    "joining admits at once though others wait",
    "Q2",
    "join",
    "return inLine() == 0",
    "return inLine() < 20",
  ),
  plant(
    "a pause does not stop admissions",
    "phase",
    "includes/phase",
    "if s.paused == 1 then",
    "if false then",
  ),
  plant(
    "the clock of arrivals runs on while paused",
    "clock",
    "includes/running",
    "if s.paused == 1 then",
    "if false then",
  ),
  plant(
    "absence goes unnoticed",
    "presence",
    "includes/admission",
    "if not isPresent(userId, live) then",
    "if false then",
  ),
  plant(
    "a gateway counts as gone between two heartbeats",
    "presence",
    "includes/presence",
    "HEARTBEAT_LIMIT = 6000000",
    "HEARTBEAT_LIMIT = 1500000",
  ),
  plant(
    "who comes back late stands in the line, before others who were told their places",
    "Q4",
    "join",
    "if isLate then",
    "if false then",
  ),
  plant(
    "an admission that nobody acknowledged is forgiven each time",
    "Q1",
    "includes/endings",
    "if t.flags == '' then",
    "if t.flags ~= 'k' then",
  ),
  plant(
    "a pass is given before the admission is committed",
    "Q1",
    "claim",
    "if t.number > s.journalled then",
    "if false then",
  ),
  plant(
    "a place of the draw is given twice",
    "draw",
    "place_drawn",
    "t.sequence = tonumber(firstPlace) + index - 1",
    "t.sequence = tonumber(firstPlace) + math.floor((index - 1) / 2)",
  ),
  plant(
    "a batch of the draw is placed from its end",
    "draw",
    "place_drawn",
    "t.sequence = tonumber(firstPlace) + index - 1",
    "t.sequence = tonumber(firstPlace) + #accounts - index",
  ),
  plant(
    "the line opens while lots are drawn",
    "draw",
    "includes/phase",
    "if s.drawing > 0 or lobbySize > 0 and (now >= c.opensAt or s.opened == 1) then",
    "if s.drawing == 0 and lobbySize > 0 and (now >= c.opensAt or s.opened == 1) then",
  ),
];
