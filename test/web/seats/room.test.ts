/** What is picked, lost, refused and held, without a page around it. */
import { expect } from "chai";
import { createSeatStates } from "../../../src/web/seat-map/seat-states.ts";
import { createRoom, type HoldBody, type HoldOutcome } from "../../../src/web/seats/room.ts";
import { smallHall } from "../seat-map/small-hall.ts";

const refusal = (code: string, more: object = {}): HoldOutcome => ({
  ok: false,
  code,
  taken: [],
  answered: true,
  fault: code,
  ...more,
});

function open(answers: (HoldOutcome | Promise<HoldOutcome>)[] = [], limit = 4) {
  const hall = smallHall();
  const states = createSeatStates(hall.count);
  states.snapshot({ epoch: 1, seq: 1, seats: "A".repeat(hall.count) });
  let seq = 1;
  let keys = 0;
  const asked: { body: HoldBody; key: string }[] = [];
  const held: string[] = [];
  const room = createRoom({
    hall,
    states,
    limit,
    async hold(body, key) {
      asked.push({ body, key });
      return (await answers.shift()) ?? { ok: true, reservationId: "r1" };
    },
    onHeld: (id) => held.push(id),
    newKey: () => `key-${++keys}`,
  });
  const turn = (ordinal: number, letter: string) => {
    seq += 1;
    const changed = states.delta({ epoch: 1, seq, changes: [[ordinal, letter]] });
    room.changed(changed as readonly number[]);
  };
  return { room, turn, asked, held, state: () => room.store.get() };
}

describe("seats page · room", () => {
  it("a picked seat · turns held while it is looked at · is let go, said, and the nearest is offered", () => {
    const { room, turn, state } = open();
    room.toggle(4);
    turn(4, "H");
    expect(state().choice.seats).to.deep.equal([]);
    expect(state().loss).to.deep.equal({ seats: [4], offer: [5] });
    room.takeOffer();
    expect(state().choice.seats).to.deep.equal([5]);
    expect(state().loss).to.equal(null);
  });

  it("what was offered · goes as well · another offer takes its place", () => {
    const { room, turn, state } = open();
    room.toggle(4);
    turn(4, "H");
    turn(5, "H");
    expect(state().loss?.offer).to.deep.equal([3]);
  });

  it("hold · answered 409 · names the seat that went and offers a group near it, though the map still shows it free", async () => {
    const { room, state, asked } = open([refusal("SEAT_TAKEN", { taken: [5] })]);
    room.toggle(4);
    room.toggle(5);
    await room.hold();
    expect(asked[0]?.body).to.deep.equal({ seatIds: ["seat-4", "seat-5"] });
    expect(state().loss).to.deep.equal({ seats: [5], offer: [3, 4] });
    expect(state().choice.seats).to.deep.equal([4]);
    expect(room.free(5)).to.equal(false);
  });

  it("hold · under way, and the feed is faster than its answer · one's own seats are not called lost", async () => {
    let answer: (outcome: HoldOutcome) => void = () => undefined;
    const slow = new Promise<HoldOutcome>((resolve) => {
      answer = resolve;
    });
    const { room, turn, state, held, asked } = open([slow]);
    room.toggle(4);
    const holding = room.hold();
    turn(4, "H");
    expect(state().loss).to.equal(null);
    await room.hold();
    answer({ ok: true, reservationId: "r7" });
    await holding;
    expect(held).to.deep.equal(["r7"]);
    expect(asked, "a second click asks nothing").to.have.length(1);
  });

  it("hold · whose answer never came · is asked again under its own key; other seats under another", async () => {
    const lost = refusal("OFFLINE", { answered: false });
    const { room, asked } = open([lost, lost, refusal("SEAT_LIMIT")]);
    room.toggle(4);
    await room.hold();
    await room.hold();
    room.toggle(5);
    await room.hold();
    expect(asked.map(({ key }) => key)).to.deep.equal(["key-1", "key-1", "key-2"]);
  });

  it("hold · a seat is contended · is tried once more, then left to the fan", async () => {
    const { room, asked, state } = open([refusal("SEAT_CONTENDED"), refusal("SEAT_CONTENDED")]);
    room.toggle(4);
    await room.hold();
    expect(asked).to.have.length(2);
    expect(state().refusal).to.equal("contended");
    expect(state().choice.seats).to.deep.equal([4]);
  });

  it("refusals · each · says its own thing", async () => {
    for (const [code, shown] of [["SEAT_LIMIT", "limit"] as const, ["NO_ADJACENT_SEATS", "group"] as const]) {
      const { room, state } = open([refusal(code)]);
      await room.holdBest({ quantity: 2 });
      expect(state().refusal).to.equal(shown);
    }
    const over = open([refusal("PASS_EXPIRED")]);
    await over.room.holdBest({ quantity: 2 });
    expect(over.state().over).to.equal(true);
    const broken = open([refusal("INTERNAL")]);
    await broken.room.holdBest({ quantity: 2 });
    expect(broken.state().refusal).to.deep.equal({ fault: "INTERNAL" });
  });

  it("pick · one more than the limit, or a taken one · is refused with its reason", () => {
    const { room, turn, state } = open([], 1);
    turn(7, "O");
    room.toggle(7);
    expect(state().refusal).to.equal("taken");
    room.toggle(1);
    room.toggle(2);
    expect(state().refusal).to.equal("limit");
    expect(state().choice.seats).to.deep.equal([1]);
  });
});
