import { expect } from "chai";
import { isNextUp, oddsOf, roundedCount } from "../../src/presentation/index.ts";
import { createServerClock } from "../../src/web/app/clock.ts";
import {
  announcementOf,
  NO_PLACE,
  type Place,
  withMessage,
  withStatus,
  withTicket,
} from "../../src/web/queue/model.ts";
import type { QueueStatus, TicketView } from "../../src/web/queue/types.ts";

const at = (second: number) => new Date(Date.UTC(2035, 4, 1, 10, 0, second)).toISOString();

const view = (more: Partial<TicketView> = {}): TicketView => ({
  ticketId: "t",
  queueId: "q",
  epoch: 1,
  ticket: "signed",
  lane: "general",
  state: "waiting",
  position: 51,
  ahead: 50,
  waiting: 60,
  eta: null,
  seatsLeft: 100,
  seatsHeld: 0,
  asOf: at(10),
  pollAfterSeconds: 2,
  reconnectSpreadSeconds: 1,
  arriveBy: null,
  passExpiresAt: null,
  deferredUntil: null,
  ...more,
});

const status = (more: Partial<QueueStatus> = {}): QueueStatus => ({
  id: "q",
  performanceId: "p",
  phase: "open",
  lobbyOpensAt: null,
  opensAt: at(0),
  closesAt: null,
  waiting: 60,
  limitedBy: "rate",
  seatsLeft: 100,
  seatsHeld: 0,
  notice: null,
  ...more,
});

const position = (ahead: number, second: number, epoch = 1) =>
  ({
    type: "position",
    epoch,
    position: ahead + 1,
    ahead,
    waiting: 60,
    eta: null,
    seatsLeft: 90,
    asOf: at(second),
    nextUpdateSeconds: 1,
  }) as const;

const here: Place = withTicket(withStatus(NO_PLACE, status()), view());
const aheadOf = ({ ticket }: Place) => ticket?.ahead;

describe("the queue page's model", () => {
  it("a view · older than what is known · is dropped", () => {
    expect(aheadOf(withTicket(here, view({ ahead: 55, position: 56, asOf: at(9) })))).to.equal(50);
    expect(aheadOf(withMessage(here, position(55, 9)))).to.equal(50);
    expect(aheadOf(withMessage(here, position(49, 11)))).to.equal(49);
  });

  it("a number · told worse within an epoch · stands; of a new epoch or ticket · is taken", () => {
    expect(aheadOf(withMessage(here, position(70, 12)))).to.equal(50);
    expect(aheadOf(withTicket(here, view({ epoch: 2, ahead: 70, position: 71, asOf: at(12) })))).to.equal(70);
    expect(aheadOf(withMessage(here, position(10, 12, 2))), "of an epoch not seen yet").to.equal(50);
    const again = view({ ticketId: "u", ahead: 70, position: 71, asOf: at(8) });
    expect(aheadOf(withTicket(here, again))).to.equal(70);
  });

  it("expired · after a turn, a session or an absence · says which and when", () => {
    const expiryAfter = (more: Partial<TicketView>) =>
      withMessage(withTicket(here, view({ asOf: at(20), ...more })), { type: "ended", reason: "expired" })
        .expiry;
    expect(expiryAfter({ state: "admitted", arriveBy: at(30) })).to.deep.equal({
      cause: "unclaimed",
      at: at(30),
    });
    expect(expiryAfter({ state: "inside", passExpiresAt: at(40) })).to.deep.equal({
      cause: "session",
      at: at(40),
    });
    expect(expiryAfter({ state: "deferred", deferredUntil: at(50) })).to.deep.equal({
      cause: "away",
      at: at(50),
    });
    const found = withTicket(NO_PLACE, view({ state: "expired" }));
    expect(found.expiry?.cause).to.equal("unknown");
  });

  it("ended · by a purchase, by the sale's end · is told apart", () => {
    const over = withMessage(here, { type: "state", ...view({ state: "ended", asOf: at(20) }) });
    expect(withMessage(over, { type: "ended", reason: "left" }).ended).to.equal("done");
    expect(withMessage(over, { type: "ended", reason: "sold_out" }).ended).to.equal("sold_out");
    expect(withMessage(here, { type: "ended", reason: "left" }).ended).to.equal("left");
  });

  it("sold out or closed · while inside · does not end what a fan is doing", () => {
    const over = status({ phase: "sold_out" });
    expect(withStatus(here, over).ended).to.equal("sold_out");
    const inside = withTicket(here, view({ state: "inside", asOf: at(20) }));
    expect(withStatus(inside, over).ended).to.equal(null);
  });

  it("announcements · of small steps · none; of the steps that matter · one each", () => {
    const say = (from: number, to: number, startedAt = 4_000) =>
      announcementOf(withMessage(here, position(50, 11)), here, null) ??
      announcementOf(
        withTicket(here, view({ epoch: 2, ahead: from, position: from + 1 })),
        withTicket(here, view({ epoch: 2, ahead: to, position: to + 1 })),
        startedAt,
      );
    expect(say(900, 890)).to.equal(null);
    expect(say(1_010, 990)).to.deep.equal({ what: "ahead", ahead: 990 });
    expect(say(101, 9)).to.deep.equal({ what: "ahead", ahead: 9 });
    expect(say(2_001, 2_000)).to.deep.equal({ what: "half" });
    expect(say(1, 0)).to.deep.equal({ what: "next" });
    const turn = withTicket(here, view({ state: "admitted", asOf: at(20) }));
    expect(announcementOf(here, turn, 50)).to.deep.equal({ what: "turn" });
    expect(announcementOf(here, withMessage(here, { type: "paused" }), 50)).to.deep.equal({ what: "paused" });
  });

  it("rounded · along a line that moves · never rises, and is exact below a hundred", () => {
    let last = Number.POSITIVE_INFINITY;
    for (let ahead = 12_345; ahead >= 0; ahead -= 1) {
      const { value, exact } = roundedCount(ahead);
      expect(value).to.be.at.most(last);
      expect(exact).to.equal(ahead < 100);
      if (exact) expect(value).to.equal(ahead);
      last = value;
    }
    expect(roundedCount(12_345).value).to.equal(12_000);
  });

  it("odds · with more ahead than seats, with fans who take several, with room · said as they are", () => {
    expect(oddsOf({ ahead: 12_400, seatsLeft: 300 }, 4)).to.equal("unlikely");
    expect(oddsOf({ ahead: 100, seatsLeft: 300 }, 4)).to.equal("uncertain");
    expect(oddsOf({ ahead: 10, seatsLeft: 300 }, 4)).to.equal(null);
    expect(oddsOf({ ahead: null, seatsLeft: 0 }, 4)).to.equal(null);
    expect(oddsOf({ ahead: 0, seatsLeft: 0 }, 4)).to.equal(null);
  });

  it("nearly there · with few ahead · said, unless no seat is free to be let in for", () => {
    expect(isNextUp({ state: "waiting", ahead: 3, seatsLeft: 20 })).to.equal(true);
    expect(isNextUp({ state: "waiting", ahead: 3, seatsLeft: null })).to.equal(true);
    expect(isNextUp({ state: "waiting", ahead: 10, seatsLeft: 20 })).to.equal(false);
    expect(isNextUp({ state: "waiting", ahead: 0, seatsLeft: 0 })).to.equal(false);
  });

  it("the server's clock · from whole seconds of several answers · is found to within their bounds", () => {
    let own = 0;
    const clock = createServerClock(() => own);
    const ahead = 37_400;
    const answer = (sentAt: number, heardAt: number) => {
      const server = Math.floor((ahead + (sentAt + heardAt) / 2) / 1_000) * 1_000;
      clock.note(new Date(server).toUTCString(), sentAt, heardAt);
    };
    for (let time = 0; time < 10_000; time += 930) answer(time, time + 40);
    own = 10_000;
    expect(clock.now()).to.be.closeTo(own + ahead, 150);
    clock.note(new Date(own + 90_000).toUTCString(), own, own + 40);
    expect(clock.now(), "after the clock was set").to.be.closeTo(own + 90_500, 600);
    clock.note(null, own, own);
  });
});
