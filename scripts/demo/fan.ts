/**
 * One fan, from the first click to the last word: joins, follows the place, takes the turn, and may try again.
 *
 * A fan meets only what the contract allows. Any other answer is a surprise: it is noted and ends this fan's story.
 */
import { Broken, Stopped } from "./api.ts";
import { askWhy, follow, join, leave, look, reload, told } from "./line.ts";
import type { Place } from "./place.ts";
import type { FanPlan } from "./plan.ts";
import { createRandom } from "./random.ts";
import { takeTurn } from "./turn.ts";
import { type Account, type Fan, type FanRecord, sleep, type World } from "./world.ts";

/** After a turn in which nothing was to be had a fan joins again, but not for ever. */
const MOST_ROUNDS = 6;
/** Chance that depends on how the run goes begins where the plan's ends. */
const AFTER_THE_PLAN = 1_000_000;

export async function runFan(world: World, account: Account, plan: FanPlan, index: number): Promise<void> {
  const record: FanRecord = { userId: account.userId, stories: [], refusedAsSoldOut: false, brokeOff: false };
  world.records.push(record);
  const fan = { index, account, plan, record, random: createRandom(world.seed, AFTER_THE_PLAN + index) };
  let place: Place | null = null;
  try {
    await sleep(world, world.opensAt + plan.arrivesAtMs - Date.now());
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      place = await join(world, fan, round);
      if (!place) return;
      const again = await queueUp(world, fan, place, round);
      place.shut();
      const { told, bought, leftAt } = place.story;
      if (place.state === "ended" && !told && !bought && leftAt === null) await askWhy(world, place);
      if (!again) return;
      await sleep(world, fan.random.between(200, 1_500));
    }
  } catch (fault) {
    record.brokeOff = true;
    if (fault instanceof Stopped || fault instanceof Broken || world.signal.aborted) return;
    world.ledger.unexpected({
      what: "FAULT",
      where: "the demo itself",
      detail: String((fault as Error).stack),
    });
  } finally {
    place?.shut();
  }
}

/** From the line to the end of the ticket. @returns whether the fan wants to join once more. */
async function queueUp(world: World, fan: Fan, place: Place, round: number): Promise<boolean> {
  const { plan, random } = fan;
  if (!(await standInLine(world, fan, place, round))) {
    const { leftAt, told } = place.story;
    // Passed over while away for too long: one click joins again.
    return leftAt === null ? told?.end === "expired" : round === 0 && plan.comesBack;
  }
  if (plan.noShow && round === 0) {
    place.story.leftAt = Date.now();
    world.ledger.count("turns not taken");
    await told(world, fan, place);
    return false;
  }
  const result = await takeTurn(world, fan, place, round);
  if (result === "left") return false;
  if (result === "lapsed" && !plan.triesAgain && random.chance(0.5)) {
    await leave(world, fan, place);
    return false;
  }
  await told(world, fan, place);
  return result === "nothing" || (result === "lapsed" && plan.triesAgain);
}

/** @returns false when the fan left, or the ticket ended, before the turn came. */
async function standInLine(world: World, fan: Fan, place: Place, round: number): Promise<boolean> {
  const { plan, index } = fan;
  const polls = plan.follows === "poll";
  const joinedAt = Date.now();
  const reloads = round === 0 ? plan.reloadsAtMs.map((ms) => joinedAt + ms) : [];
  const leavesAt =
    round === 0 && plan.leavesAtMs !== null ? joinedAt + plan.leavesAtMs : Number.POSITIVE_INFINITY;
  if (!polls) await follow(world, fan, place);
  if (plan.follows === "two_tabs") await place.follow(index + 1);
  while (place.isLive) {
    if (place.state === "admitted" || place.state === "inside") return true;
    const now = Date.now();
    if (now >= leavesAt) {
      await leave(world, fan, place);
      return false;
    }
    if ((reloads[0] ?? Number.POSITIVE_INFINITY) <= now) {
      reloads.shift();
      await reload(world, fan, place);
      continue;
    }
    if (world.signal.aborted) throw new Stopped();
    const next = Math.min(
      leavesAt,
      reloads[0] ?? leavesAt,
      now + (polls ? place.pollAfterSeconds * 1_000 : 5_000),
    );
    await place.changed(next - now);
    if (polls) await look(world, fan, place);
    else if (!place.isFollowed && place.isLive) await follow(world, fan, place);
  }
  return false;
}
