/** The queue's scripts and a gateway's memory on their own: ticks timed as their caller sees them, places moved on. */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { loadScripts } from "../../../src/platform/scripts.ts";
import { LUA_FOLDER } from "../../../src/queue/index.ts";
import { keyOf } from "../../../src/queue/keys.ts";
import { createLineStore } from "../../../src/queue/line-store.ts";
import type { CommittedMessage } from "../../../src/queue/local-line.ts";
import { placeOf } from "../../../src/queue/ticket-view.ts";
import { answerQuestions } from "../frame/child.ts";
import { median } from "../frame/rounds.ts";
import { fillLine, type Mould } from "../house/long-line.ts";
import { type LineOfFans, lineOfFans } from "./line-of-fans.ts";

/** At the fastest pace there is, a tick every 110 ms may admit 100. */
const ADMITTED = 100;
const TICK_EVERY_MS = 120;

interface Ticking {
  readonly redisUrl: string;
  /** As the line gets shorter, others of this form are put at its end. */
  readonly mould: Mould;
  readonly seconds: number;
}

/** @returns milliseconds of a tick that admits 100, the median of as many as fit into the time. */
async function tickMs({ redisUrl, mould, seconds }: Ticking): Promise<number> {
  const { queueId } = mould;
  const redis = new Redis(redisUrl);
  try {
    const store = createLineStore(redis, loadScripts(LUA_FOLDER));
    const key = (name: string) => keyOf(queueId, name);
    const gatewayIds = await redis.hkeys(key("gateways"));
    const took: number[] = [];
    const admissions: number[] = [];
    const until = performance.now() + seconds * 1_000;
    while (performance.now() < until) {
      await sleep(TICK_EVERY_MS);
      // What others would do between two ticks: the journal is written, those admitted have come and gone, and those
      // in line are still there.
      await redis.hset(key("state"), "journalled", (await redis.hget(key("state"), "eventNumber")) ?? "0");
      await redis.del(key("arriving"), key("events"));
      for (const gatewayId of gatewayIds) await store.heartbeat(queueId, gatewayId, true);
      const before = Number(await redis.hget(key("state"), "admittedTotal"));
      const startedAt = performance.now();
      await store.tick(queueId, 0);
      const milliseconds = performance.now() - startedAt;
      const admitted = Number(await redis.hget(key("state"), "admittedTotal")) - before;
      await fillLine(redis, mould, admitted);
      admissions.push(admitted);
      if (admitted === ADMITTED) took.push(milliseconds);
    }
    if (took.length === 0) throw new Error(`no tick admitted ${ADMITTED}, but ${admissions.join(", ")}`);
    return median(took);
  } finally {
    redis.disconnect();
  }
}

let memory: LineOfFans;

/** A tick's message, and then the places of all. @returns milliseconds. */
function placesMs(): number {
  const { line, fans, nextTick } = memory;
  const message = nextTick(ADMITTED);
  const startedAt = performance.now();
  line.apply(JSON.parse(message) as CommittedMessage);
  let sum = 0;
  for (const fan of fans) sum += placeOf(line, fan).position ?? Number.NaN;
  const milliseconds = performance.now() - startedAt;
  if (!Number.isFinite(sum)) throw new Error("a place is unknown");
  return milliseconds;
}

let ranked: { readonly redis: Redis; readonly members: readonly string[] };

/** As many ranks asked of Redis in one pipeline. @returns milliseconds. */
async function ranksMs(): Promise<number> {
  const { redis, members } = ranked;
  const startedAt = performance.now();
  const answers = await redis.pipeline(members.map((member) => ["zrank", "line", member])).exec();
  const milliseconds = performance.now() - startedAt;
  if (answers?.some(([fault, rank]) => fault || rank === null)) throw new Error("a rank is unknown");
  return milliseconds;
}

/** The same line on both sides. */
async function openPlaces(redisUrl: string, fans: number, waiting: number): Promise<void> {
  memory = lineOfFans(fans, waiting - fans);
  const redis = new Redis(redisUrl);
  const members = memory.fans.map(({ userId }) => userId);
  for (let start = 0; start < waiting; start += 1_000) {
    const batch = Array.from({ length: 1_000 }, (_, index) => {
      const place = start + index;
      return [place, members[place - (waiting - fans)] ?? `other-${place}`];
    });
    await redis.zadd("line", ...batch.flat());
  }
  ranked = { redis, members };
}

answerQuestions({ "tick ms": tickMs, "open places": openPlaces, "places ms": placesMs, "ranks ms": ranksMs });
