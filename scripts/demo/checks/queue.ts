/** What must hold of the line: Q1 to Q4, judged from the journal and from every place and pass that fans were given. */
import type { Database } from "../../../src/platform/postgres.ts";
import { checkJournal, type Observation } from "../../../src/queue/index.ts";
import type { TicketStory } from "../story.ts";
import { type Check, check } from "./check.ts";

const NAMES = [
  "the journal's chain is whole",
  "Q1 one live place an account, admitted once",
  "Q2 nobody is admitted before who came earlier",
  "Q3 inside and pace stay within what is set",
  "Q4 every position shown was the true one",
  "no admission out of phase, no clock ends early",
] as const;
const WHOLE = NAMES[0];

const NAME_OF: Readonly<Record<string, (typeof NAMES)[number]>> = {
  Q1: NAMES[1],
  Q2: NAMES[2],
  Q3: NAMES[3],
  Q4: NAMES[4],
  phase: NAMES[5],
  clock: NAMES[5],
};

export async function checkQueue(
  db: Database,
  queueId: string,
  stories: readonly TicketStory[],
): Promise<Check[]> {
  const observations = stories.flatMap(observationsOf);
  const found = new Map<string, string[]>(NAMES.map((name) => [name, []]));
  for (const { rule, number, ticketId, detail } of await checkJournal(db, queueId, observations)) {
    const where = [number !== null && `row ${number}`, ticketId && `ticket ${ticketId}`].filter(Boolean);
    found.get(NAME_OF[rule] ?? WHOLE)?.push(`${rule}, ${where.join(", ")}: ${detail}`);
  }
  const places = observations.filter(({ kind }) => kind === "place").length;
  return NAMES.map((name) =>
    check(name, found.get(name) ?? [], name.startsWith("Q4") ? `${places} seen` : undefined),
  );
}

function observationsOf({ ticketId, fence, sightings }: TicketStory): Observation[] {
  const places = sightings.map(({ epoch, position, asOf }) => ({
    kind: "place" as const,
    ticketId,
    epoch,
    position,
    asOfMicros: asOf * 1_000,
  }));
  return fence === null ? places : [...places, { kind: "pass", ticketId, fence }];
}
