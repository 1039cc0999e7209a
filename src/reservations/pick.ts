/**
 * Holding the best seats side by side. No lock is taken: the groups are chosen from a recent picture. The best one is
 * tried for together with the holds of other fans; when it can't be had so, a transaction of this hold's own takes the
 * first group that is wholly free, passing over what others are taking.
 *
 * Requests of this process mark what they go for, so they choose different groups from the start; those of other
 * processes meet at most once or twice, because the groups behind the best one are shuffled by the request.
 */
import { createHash } from "node:crypto";
import { v7 } from "uuid";
import { type BestAvailable, bestGroups, type Group } from "./best-available.ts";
import type { Parts } from "./parts.ts";
import type { Picture } from "./picture.ts";
import type { HoldInProgress, Take, TakeOutcome, Wanted } from "./take.ts";
import type { TakeTogether } from "./together.ts";

export type PickOutcome = TakeOutcome | { readonly ok: false; readonly reason: "NO_ADJACENT_SEATS" };

const ATTEMPTS = 5;
/** Groups offered to one transaction. */
const GROUPS = 12;
const PICTURE_AGE_MS = 250;

export function createPicker(
  { pictures, store, releases }: Parts,
  { take, takeTogether }: { readonly take: Take; readonly takeTogether: TakeTogether },
) {
  async function takeOne(
    progress: HoldInProgress,
    { quantity }: BestAvailable,
    picture: Picture,
    groups: readonly Group[],
  ): Promise<TakeOutcome> {
    const best = groups[0] as Group;
    const unclaim = picture.claim(best);
    const lock: Wanted["lock"] = async (trx) =>
      (await store.pickSeats(trx, progress.facts.id, groups.flat(), quantity)) ?? "NONE_FREE";
    try {
      const alone = () => take(progress, { named: [], lock });
      const outcome = await takeTogether({ progress, ordinals: best, lease: null, alone });
      // Gone since the picture: the groups behind it are as good as asked for.
      return !outcome.ok && outcome.reason === "TAKEN" ? await alone() : outcome;
    } finally {
      unclaim();
    }
  }

  return {
    async takeBest(progress: HoldInProgress, request: BestAvailable): Promise<PickOutcome> {
      const { facts, map } = progress;
      let maxAgeMs = PICTURE_AGE_MS;
      for (let tries = 0; tries < ATTEMPTS; tries += 1) {
        const picture = await pictures.read(facts.id, maxAgeMs);
        const unclaimed = bestGroups(map, request, picture.isUnclaimed, GROUPS);
        const groups = unclaimed.length > 0 ? unclaimed : bestGroups(map, request, picture.isFree, GROUPS);
        if (groups.length > 0) {
          const outcome = await takeOne(progress, request, picture, behindTheBest(groups));
          if (outcome.ok || outcome.reason !== "NONE_FREE") return outcome;
        } else if (maxAgeMs === 0 && !(await releases.sweepPerformance(facts.id))) {
          return { ok: false, reason: "NO_ADJACENT_SEATS" };
        }
        maxAgeMs = 0;
      }
      return { ok: false, reason: "NONE_FREE" };
    },
  };
}

/** The best group first, the others in an order of this request's own. */
function behindTheBest([best, ...others]: readonly Group[]): Group[] {
  const seed = v7();
  const rank = (group: Group) => createHash("sha1").update(`${seed}:${group[0]}`).digest("hex");
  const ranked = others.map((group) => ({ group, rank: rank(group) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return [best as Group, ...ranked.map(({ group }) => group)];
}
