/** The demonstration's own judges: each must see the fault that it is there for. */
import { expect } from "chai";
import { checkFans, type FansSaw, overtakes, untold } from "../../../scripts/demo/checks/fans.ts";
import type { TicketStory } from "../../../scripts/demo/story.ts";
import type { FanRecord } from "../../../scripts/demo/world.ts";

const NOON = Date.UTC(2026, 5, 1, 12);
const ALWAYS = { from: 0, to: Number.POSITIVE_INFINITY };

function story(changes: Partial<TicketStory> = {}): TicketStory {
  return {
    userId: "fan",
    ticketId: `ticket-${changes.sequence ?? 1}`,
    lane: "general",
    sequence: 1,
    joinedAt: NOON,
    sightings: [],
    present: [{ ...ALWAYS }],
    admittedAt: null,
    admittedExactly: changes.admittedAt !== undefined,
    claimedAt: null,
    fence: null,
    leftAt: null,
    bought: false,
    told: null,
    lastState: "waiting",
    heardPause: false,
    heardNotice: false,
    ...changes,
  };
}

const record = (stories: TicketStory[], changes: Partial<FanRecord> = {}): FanRecord => ({
  userId: "fan",
  stories,
  refusedAsSoldOut: false,
  brokeOff: false,
  ...changes,
});

describe("demo · overtakes", () => {
  const early = (changes: Partial<TicketStory> = {}) => story({ sequence: 1, ...changes });
  const late = (changes: Partial<TicketStory> = {}) => story({ sequence: 2, admittedAt: NOON, ...changes });

  it("counts one · when who came later is admitted and who came earlier waits · names both", () => {
    const [violation] = overtakes([early(), late()]);
    expect(violation).to.contain("ticket-2").and.contain("ticket-1");
  });

  it("counts one · when both are admitted in the wrong order · yes", () => {
    expect(overtakes([early({ admittedAt: NOON + 250 }), late()])).to.have.length(1);
  });

  it("counts none · when both are admitted by one tick · whatever the order of the news", () => {
    expect(overtakes([late(), early({ admittedAt: NOON })])).to.deep.equal([]);
  });

  for (const [why, changes] of Object.entries({
    "had left": { leftAt: NOON - 1 },
    "had been told the end": { told: { end: "sold_out", at: NOON - 1 } },
    "was away": { present: [{ from: 0, to: NOON - 5_000 }] },
    "had only just come back": { present: [{ from: NOON - 100, to: Number.POSITIVE_INFINITY }] },
    "waits in another lane": { lane: "press" },
  } satisfies Record<string, Partial<TicketStory>>)) {
    it(`counts none · when who came earlier ${why} · nobody was overtaken`, () => {
      expect(overtakes([early(changes), late()])).to.deep.equal([]);
    });
  }

  it("allows for a pause · when an admission was only seen after it · its deadline had moved", () => {
    const seenLater = early({ admittedAt: NOON + 2_000, admittedExactly: false });
    expect(overtakes([seenLater, late()], 2_500)).to.deep.equal([]);
    expect(overtakes([{ ...seenLater, admittedExactly: true }, late()], 2_500)).to.have.length(1);
  });
});

describe("demo · everybody is told", () => {
  it("complains · when a ticket just stops · says in which state it was last seen", () => {
    const [violation] = untold([record([story({ lastState: "waiting" })])]);
    expect(violation).to.contain("never told").and.contain("waiting");
  });

  it("complains · when somebody who stayed is told to have left · yes", () => {
    expect(untold([record([story({ told: { end: "left", at: NOON } })])])).to.have.length(1);
  });

  it("complains · when somebody who was there all the time is told to have expired · yes", () => {
    expect(untold([record([story({ told: { end: "expired", at: NOON } })])])).to.have.length(1);
  });

  it("is content · with seats, with sold out, with a refusal that says so, with leaving · no complaint", () => {
    const fine = [
      record([story({ bought: true })]),
      record([story({ told: { end: "sold_out", at: NOON } })]),
      record([story({ leftAt: NOON })]),
      record([story({ lastState: "ended" })], { refusedAsSoldOut: true }),
    ];
    expect(untold(fine)).to.deep.equal([]);
  });
});

describe("demo · what fans saw", () => {
  const saw = (changes: Partial<FansSaw> = {}): FansSaw => ({
    records: [],
    purchases: [
      { userId: "fan", reservationId: "r1", ordinals: [0, 1], totalAmount: 2, at: NOON, tickets: 2 },
    ],
    complaints: [],
    interventions: { pausedAt: NOON, resumedAt: NOON + 2_000, noticeAt: NOON },
    seatCount: 2,
    letters: "OO",
    ...changes,
  });
  const failing = (changes: Partial<FansSaw>) =>
    checkFans(saw(changes))
      .filter(({ violations }) => violations.length > 0)
      .map(({ name }) => name);

  it("holds · when all is well · no check fails", () => {
    expect(failing({})).to.deep.equal([]);
  });

  it("fails · when a seat is in two purchases · no seat is sold twice", () => {
    const twice = { userId: "b", reservationId: "r2", ordinals: [1], totalAmount: 1, at: NOON, tickets: 1 };
    expect(failing({ purchases: [...saw().purchases, twice], seatCount: 3, letters: "OOO" })).to.deep.equal([
      "no seat is sold twice",
    ]);
  });

  it("fails · when a seat is left · sold out", () => {
    expect(failing({ letters: "OA" })).to.deep.equal(["sold out: every seat is somebody's"]);
  });

  it("fails · when somebody is admitted in the pause or does not hear of it · a pause stops admissions", () => {
    const admitted = story({ admittedAt: NOON + 1_500, heardPause: true, heardNotice: true, bought: true });
    const deaf = story({ sequence: 0, heardNotice: true, bought: true });
    expect(failing({ records: [record([admitted])] })).to.deep.equal([
      "a pause stops admissions and is told",
    ]);
    expect(failing({ records: [record([deaf])] })).to.deep.equal(["a pause stops admissions and is told"]);
  });

  it("fails · when a second ticket of an account is not behind the first · one place an account", () => {
    const stories = [story({ sequence: 5, leftAt: 1 }), story({ sequence: 3, leftAt: 1 })];
    expect(failing({ records: [record(stories)] })).to.include("one place an account");
  });

  it("fails · when a fan complained · the check of that name", () => {
    const complaints = [{ check: "positions never rise", detail: "from 3 to 4" }];
    expect(failing({ complaints })).to.deep.equal(["positions never rise"]);
  });
});
