/**
 * What must hold in the fans' own eyes: judged from what they were told, without a look behind the scenes.
 *
 * Only fans whose story did not break off are judged; one that broke off is a failure of its own.
 */
import type { Interventions } from "../stage.ts";
import type { Complaint, TicketStory } from "../story.ts";
import type { FanRecord, Purchase } from "../world.ts";
import { type Check, check } from "./check.ts";

export interface FansSaw {
  readonly records: readonly FanRecord[];
  readonly purchases: readonly Purchase[];
  readonly complaints: readonly Complaint[];
  readonly interventions: Interventions;
  readonly seatCount: number;
  /** The availability at the end. */
  readonly letters: string;
}

/** Found by fans while it happened; named here so that a run without a complaint shows what was looked at. */
const WITNESSED = [
  "positions never rise",
  "reloads keep the place",
  "a double click has one effect",
  "holds are what was asked for",
  "holds last as long as promised",
  "who paid has tickets",
  "seat feeds have no gap",
  "streams stay open",
  "streams speak as documented",
];

export function checkFans(saw: FansSaw): Check[] {
  const complaintsOf = (name: string) =>
    saw.complaints.filter((complaint) => complaint.check === name).map(({ detail }) => detail);
  const stories = saw.records.flatMap((record) => record.stories);
  const sightings = stories.reduce((sum, { sightings }) => sum + sightings.length, 0);
  const notes: Record<string, string> = { "positions never rise": `${sightings} positions seen` };
  const others = [...new Set(saw.complaints.map((complaint) => complaint.check))].filter(
    (name) => !WITNESSED.includes(name) && !JUDGED.includes(name),
  );
  return [
    check("sold out: every seat is somebody's", checkSoldOut(saw)),
    check("no seat is sold twice", checkSeats(saw.purchases), `${saw.purchases.length} purchases`),
    check("nobody is overtaken", overtakes(stories, pauseMs(saw.interventions)), `${stories.length} tickets`),
    check("one place an account", [...onePlace(saw.records), ...complaintsOf("one place an account")]),
    check("everybody is told why", [...untold(saw.records), ...complaintsOf("everybody is told why")]),
    check("a pause stops admissions and is told", checkPause(stories, saw.interventions)),
    check("a notice reaches who waits", checkNotice(stories, saw.interventions)),
    ...[...WITNESSED, ...others].map((name) => check(name, complaintsOf(name), notes[name])),
  ];
}

const JUDGED = ["one place an account", "everybody is told why"];

function checkSoldOut({ letters, seatCount, purchases }: FansSaw): string[] {
  const sold = purchases.reduce((sum, { ordinals }) => sum + ordinals.length, 0);
  const others = [...letters].filter((letter) => letter !== "O").length;
  if (letters.length === seatCount && others === 0 && sold === seatCount) return [];
  return [`${sold} of ${seatCount} seats were sold to fans, and ${others} are not shown as occupied`];
}

function checkSeats(purchases: readonly Purchase[]): string[] {
  const owners = new Map<number, string>();
  const violations: string[] = [];
  for (const { reservationId, ordinals, tickets } of purchases) {
    if (tickets !== ordinals.length)
      violations.push(`reservation ${reservationId} has ${ordinals.length} seats and ${tickets} tickets`);
    for (const ordinal of ordinals) {
      const other = owners.get(ordinal);
      if (other) violations.push(`seat ${ordinal} is in the reservations ${other} and ${reservationId}`);
      owners.set(ordinal, reservationId);
    }
  }
  return violations;
}

/** How long before and after an admission somebody must have been there to count as present when it was decided. */
const PRESENT_BEFORE_MS = 2_500;
const PRESENT_AFTER_MS = 1_000;
/** The scenario's grace is ten seconds. */
const GRACE_AND_MORE_MS = 15_000;

/**
 * Nobody is admitted before somebody of the same lane who joined earlier, was there, and still waited.
 * @param pausedMs a deadline that was not told by the admission itself may be later by this.
 */
export function overtakes(stories: readonly TicketStory[], pausedMs = 0): string[] {
  const violations: string[] = [];
  const bySequence = [...stories].sort((a, b) => a.sequence - b.sequence);
  const admitted = stories.filter((story) => story.admittedAt !== null);
  for (const first of admitted) {
    const at = first.admittedAt as number;
    for (const other of bySequence) {
      if (other.sequence >= first.sequence) break;
      if (other.lane !== first.lane || !waitedAt(other, at, pausedMs)) continue;
      violations.push(
        `ticket ${first.ticketId} was admitted before ${other.ticketId}, which came earlier and was there`,
      );
    }
  }
  return violations;
}

function waitedAt(story: TicketStory, at: number, pausedMs: number): boolean {
  if (story.admittedAt !== null && story.admittedAt - (story.admittedExactly ? 0 : pausedMs) <= at)
    return false;
  if (story.leftAt !== null && story.leftAt <= at + PRESENT_AFTER_MS) return false;
  if (story.told !== null && story.told.at <= at + PRESENT_AFTER_MS) return false;
  return story.present.some(({ from, to }) => from <= at - PRESENT_BEFORE_MS && to >= at + PRESENT_AFTER_MS);
}

/** A later ticket of an account is another one, further back, and only after the earlier one ended. */
function onePlace(records: readonly FanRecord[]): string[] {
  const owners = new Map<string, string>();
  const violations: string[] = [];
  for (const { userId, stories } of records) {
    stories.forEach((story, index) => {
      const owner = owners.get(story.ticketId);
      if (owner) violations.push(`ticket ${story.ticketId} was given to ${owner} and ${userId}`);
      owners.set(story.ticketId, userId);
      const before = stories[index - 1];
      if (before && before.sequence >= story.sequence)
        violations.push(`ticket ${story.ticketId} of a later join is not behind ${before.ticketId}`);
    });
  }
  return violations;
}

/** Everybody knows how it ended: has seats, left by own will, or was told, and told what is true. */
export function untold(records: readonly FanRecord[]): string[] {
  const violations: string[] = [];
  for (const { userId, stories, refusedAsSoldOut, brokeOff } of records) {
    if (brokeOff) continue;
    stories.forEach((story, index) => {
      const isLast = index === stories.length - 1;
      const problem = problemWithEnd(story, isLast && refusedAsSoldOut);
      if (problem) violations.push(`ticket ${story.ticketId} of ${userId} ${problem}`);
    });
  }
  return violations;
}

function problemWithEnd(story: TicketStory, refusedAsSoldOut: boolean): string | null {
  const { told, bought, leftAt, admittedAt, lastState } = story;
  if (bought) return null;
  if (!told) {
    // Who polls sees the state; a view that says "ended" gives no reason, the next join does.
    if (leftAt !== null || refusedAsSoldOut || lastState === "expired" || lastState === "removed")
      return null;
    return `was never told how it ended; it was last seen ${lastState}`;
  }
  if (told.end === "left" && leftAt === null) return "was told that it had left, and it had not";
  if (told.end === "expired" && admittedAt === null && leftAt === null && wasThere(story, told.at))
    return "was told that it had expired, and it was there all the time";
  if (told.end === "removed" || told.end === "closed")
    return `was told ${told.end}, which nobody had ordered`;
  return null;
}

/** Passed over while away, a ticket lives for the grace; whoever was there for longer was never away. */
function wasThere({ present }: TicketStory, until: number): boolean {
  return present.some(({ from, to }) => from <= until - GRACE_AND_MORE_MS && to >= until - PRESENT_AFTER_MS);
}

/** What an order needs to be in force, and to be heard by every socket. */
const IN_FORCE_MS = 700;
const HEARD_WITHIN_MS = 2_500;

const pauseMs = ({ pausedAt, resumedAt }: Interventions) =>
  pausedAt !== null && resumedAt !== null ? resumedAt - pausedAt + IN_FORCE_MS : 0;

function checkPause(stories: readonly TicketStory[], { pausedAt, resumedAt }: Interventions): string[] {
  if (pausedAt === null || resumedAt === null) return ["the run did not come to a pause"];
  const violations = stories
    .filter(
      ({ admittedAt, admittedExactly }) =>
        admittedExactly &&
        admittedAt !== null &&
        admittedAt > pausedAt + IN_FORCE_MS &&
        admittedAt < resumedAt,
    )
    .map(({ ticketId }) => `ticket ${ticketId} was admitted during the pause`);
  const deaf = stories.filter((story) => isThere(story, pausedAt) && !story.heardPause);
  return [...violations, ...deaf.map(({ ticketId }) => `ticket ${ticketId} was not told of the pause`)];
}

function checkNotice(stories: readonly TicketStory[], { noticeAt }: Interventions): string[] {
  if (noticeAt === null) return ["the run did not come to a notice"];
  return stories
    .filter((story) => isThere(story, noticeAt) && !story.heardNotice)
    .map(({ ticketId }) => `ticket ${ticketId} did not hear the notice`);
}

/** Followed its place without a break from before an order until it must have been heard. */
function isThere({ present, told }: TicketStory, at: number): boolean {
  if (told !== null && told.at <= at + HEARD_WITHIN_MS) return false;
  return present.some(({ from, to }) => from <= at - IN_FORCE_MS && to >= at + HEARD_WITHIN_MS);
}
