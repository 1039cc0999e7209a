/** The operator: every control is in force within a tick, and written down with its author. */
import { expect } from "chai";
import { v7 } from "uuid";
import { type Answer, type Fan, type House, openHouse, type Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";

/** A tick is 250 ms; the rest is for a busy machine. */
const SOON = { timeoutMs: 4_000 };

describe("contract · operator", function () {
  this.timeout(30_000);
  let house: House;
  let operatorId: string;
  before(async () => {
    house = await openHouse({ gateways: 2, workers: 2 });
    operatorId = (await house.client.api("GET", "/me", { token: house.operatorToken })).body.id;
  });
  after(() => house?.close());

  const patch = (show: Show, body: object, expected = 200) =>
    house.operator("PATCH", `/queues/${show.queueId}`, body, expected);
  const control = (show: Show, verb: string, expected = 204) =>
    house.operator("POST", `/queues/${show.queueId}/${verb}`, undefined, expected);
  const statsOf = async (show: Show) =>
    (await house.operator("GET", `/queues/${show.queueId}/stats`, undefined, 200)).body;
  const auditOf = async (subjectId: string): Promise<Answer["body"][]> =>
    (await house.operator("GET", `/audit?subjectId=${subjectId}&limit=100`, undefined, 200)).body.items;
  const stateOf = async (fan: Fan, show: Show): Promise<string> =>
    (await house.ticketOf(fan, show)).body.state;
  const rawJoin = (fan: Fan, show: Show) =>
    house.client.api("POST", `/queues/${show.queueId}/tickets`, { token: fan.token });

  describe("the look of an event", () => {
    /** The smallest PNG there is: one transparent pixel. */
    const PIXEL =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const look = {
      accent: "#aa1155",
      timeZone: "Asia/Seoul",
      texts: { ko: { title: "작은 밤", waiting: "곧 시작합니다." } },
    };

    it("set, with a logo · is told with the event, the logo cacheable for ever, and written down", async () => {
      const { eventId } = await house.makeShow();
      const plain = await house.client.api("GET", `/events/${eventId}`, { expect: 200 });
      expect(plain.body.look).to.equal(null);
      const logo = { type: "image/png", base64: PIXEL };
      const set = await house.operator("PUT", `/events/${eventId}/look`, { ...look, logo }, 200);
      const { logoUrl, ...rest } = set.body.look;
      expect(rest).to.deep.equal(look);
      const read = await house.client.api("GET", `/events/${eventId}`, { expect: 200 });
      expect(read.body).to.deep.equal(set.body);
      const image = await house.client.at("GET", logoUrl, { expect: 200 });
      expect(image.headers).to.deep.include({
        "content-type": "image/png",
        "cache-control": "public, max-age=31536000, immutable",
      });
      expect((await auditOf(eventId))[0]).to.deep.include({ action: "event.look", before: null });
    });

    it("set again without a logo · keeps it; with null · takes it away", async () => {
      const { eventId } = await house.makeShow();
      const path = `/events/${eventId}/look`;
      await house.operator("PUT", path, { logo: { type: "image/png", base64: PIXEL } }, 200);
      const kept = await house.operator("PUT", path, { accent: "#000000" }, 200);
      expect(kept.body.look.logoUrl).to.be.a("string");
      const gone = await house.operator("PUT", path, { logo: null }, 200);
      expect(gone.body.look).to.deep.equal({ accent: null, timeZone: null, texts: {}, logoUrl: null });
      await house.client.at("GET", kept.body.look.logoUrl, { expect: 404 });
    });

    it("with what can't be shown · 400 at its path; of no event · 404", async () => {
      const { eventId } = await house.makeShow();
      const wrong: [object, string][] = [
        [{ accent: "red" }, "accent"],
        [{ timeZone: "Seoul" }, "timeZone"],
        [{ logo: { type: "image/png", base64: Buffer.from("<svg/>").toString("base64") } }, "logo.base64"],
        [{ logo: { type: "image/svg+xml", base64: PIXEL } }, "logo.type"],
        [{ logo: { type: "image/png", base64: "A".repeat(44_000) } }, "logo.base64"],
        [{ texts: { fr: {} } }, "texts.fr"],
      ];
      for (const [body, at] of wrong) {
        const refused = await house.operator("PUT", `/events/${eventId}/look`, body, 400);
        expect(refused.body.errors.map(({ path }: { path: string }) => path)).to.deep.equal([at]);
      }
      await house.operator("PUT", `/events/${v7()}/look`, {}, 404);
      await house.client.api("GET", `/events/${eventId}/logo`, { expect: 404 });
    });
  });

  describe("settings", () => {
    it("read · every setting with its ETag; changed · the new ones, and nothing else", async () => {
      const show = await house.makeShow();
      const read = await house.operator("GET", `/queues/${show.queueId}`, undefined, 200);
      expect(read.body).to.have.all.keys(
        ...["ratePerMinute", "maxActive", "mode", "minRatePerMinute", "maxRatePerMinute", "targetHoldP95Ms"],
        ...[
          "overbook",
          "arrivalSeconds",
          "sessionSeconds",
          "graceSeconds",
          "lobbyOpensAt",
          "opensAt",
          "closesAt",
        ],
      );
      expect(show.created.queue).to.deep.equal(read.body);
      const change = {
        ratePerMinute: 120,
        maxActive: 9,
        overbook: 2.5,
        closesAt: "2036-01-01T00:00:00.000Z",
      };
      const changed = await patch(show, change);
      expect(changed.body).to.deep.equal({ ...read.body, ...change });
      expect(changed.headers.etag).to.not.equal(read.headers.etag);
      const same = await patch(show, change);
      expect(same.headers.etag, "nothing changed").to.equal(changed.headers.etag);
      const cleared = await patch(show, { closesAt: null });
      expect(cleared.body.closesAt).to.equal(null);
    });

    it("out of bounds, contradictory or unknown · 400 and nothing changes", async () => {
      const show = await house.makeShow();
      const before = await house.operator("GET", `/queues/${show.queueId}`);
      const wrong = [
        ...[{ ratePerMinute: 0 }, { ratePerMinute: 60_001 }, { ratePerMinute: 1.5 }, { ratePerMinute: null }],
        ...[{ maxActive: 0 }, { maxActive: 1_000_001 }, { mode: "fast" }, { arrivalSeconds: 3_601 }],
        ...[{ sessionSeconds: 7_201 }, { graceSeconds: 4 }, { overbook: 0 }, { opensAt: "now" }],
        ...[
          { opensAt: null },
          { closesAt: before.body.opensAt },
          { minRatePerMinute: 9, maxRatePerMinute: 8 },
        ],
        ...[{ maxActive: 5, surprise: true }],
      ];
      for (const body of wrong) await patch(show, body, 400);
      const after = await house.operator("GET", `/queues/${show.queueId}`);
      expect([after.body, after.headers.etag]).to.deep.equal([before.body, before.headers.etag]);
      await house.operator("PATCH", `/queues/${v7()}`, { maxActive: 5 }, 404);
    });

    it("a larger maxActive · admits as many more within a tick; a smaller one nobody until there is room", async () => {
      const show = await house.makeShow({ queue: { maxActive: 1 } });
      const fans = await house.fans(5);
      for (const fan of fans) await house.join(fan, show);
      const admitted = async () =>
        (await Promise.all(fans.map((fan) => stateOf(fan, show)))).filter((state) => state === "admitted")
          .length;
      await eventually(async () => (await admitted()) === 1, { ...SOON, what: "the first" });
      await patch(show, { maxActive: 3 });
      await eventually(async () => (await admitted()) === 3, { ...SOON, what: "two more" });
      await patch(show, { maxActive: 2 });
      await house.leave(fans[0] as Fan, show);
      await statsAre(show, { active: 2, waiting: 2, limitedBy: "capacity" });
      await house.leave(fans[1] as Fan, show);
      await eventually(async () => (await stateOf(fans[3] as Fan, show)) === "admitted", {
        ...SOON,
        what: "next",
      });
      await statsAre(show, { active: 2, waiting: 1 });
    });

    it("mode auto · starts from the rate that is set, within its bounds, and says that it binds", async () => {
      const show = await house.makeShow({ queue: { ratePerMinute: 1 } });
      await patch(show, { mode: "auto", minRatePerMinute: 1, maxRatePerMinute: 6_000, targetHoldP95Ms: 300 });
      for (const fan of await house.fans(8)) await house.join(fan, show);
      await statsAre(show, { limitedBy: "auto", ratePerMinute: 1, effectiveRatePerMinute: 1 });
      await patch(show, { minRatePerMinute: 6_000 });
      await statsAre(show, { ratePerMinute: 1, effectiveRatePerMinute: 6_000, admittedTotal: 8 });
    });

    it("a lower rate · holds admissions back from the next tick on", async () => {
      const show = await house.makeShow({ queue: { ratePerMinute: 60 } });
      await patch(show, { ratePerMinute: 1 });
      const fans = await house.fans(8);
      for (const fan of fans) await house.join(fan, show);
      // One a minute leaves room for a burst of at most 1 + ceil(1.5 / 60).
      await statsAre(show, { limitedBy: "rate", ratePerMinute: 1, effectiveRatePerMinute: 1 });
      expect((await statsOf(show)).admittedTotal).to.be.at.most(2);
      await patch(show, { ratePerMinute: 6_000 });
      await eventually(async () => (await statsOf(show)).admittedTotal === 8, {
        ...SOON,
        what: "all of them",
      });
    });

    /** Waits until the figures are as said, since what the ticks did reaches them a moment later. */
    async function statsAre(show: Show, wanted: Record<string, unknown>): Promise<void> {
      let last: Record<string, unknown> = {};
      await eventually(
        async () => {
          last = await statsOf(show);
          return Object.entries(wanted).every(([name, value]) => last[name] === value);
        },
        { ...SOON, what: JSON.stringify(wanted) },
      ).catch((error: Error) => {
        throw new Error(`${error.message}; the last were ${JSON.stringify(last)}`);
      });
    }
  });

  describe("pause, resume, close", () => {
    it("pause · joins go on, nobody is admitted, those inside go on; resume · admits again; both idempotent", async () => {
      const show = await house.makeShow();
      const inside = await house.enter(await house.fan(), show);
      await control(show, "pause");
      await control(show, "pause");
      const fan = await house.fan();
      const joined = await rawJoin(fan, show);
      expect([joined.status, joined.body.state]).to.deep.equal([201, "waiting"]);
      const status = async () => (await house.client.api("GET", `/queues/${show.queueId}`)).body;
      await eventually(async () => (await status()).phase === "paused", { ...SOON, what: "the phase" });
      expect((await status()).limitedBy).to.equal("paused");
      const held = await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
      expect((await house.pay(inside.fan, held.body.id)).status).to.equal(201);
      expect(await stateOf(fan, show)).to.equal("waiting");
      await control(show, "resume");
      await control(show, "resume");
      await house.untilState(fan, show, "admitted", SOON.timeoutMs);
    });

    it("close · no join, no admission, waiting tickets end, those inside finish; idempotent", async () => {
      const show = await house.makeShow({ queue: { maxActive: 1 } });
      const [first, waiting, late] = (await house.fans(3)) as [Fan, Fan, Fan];
      const inside = await house.enter(first, show);
      await house.join(waiting, show);
      await control(show, "close");
      await control(show, "close");
      await house.untilState(waiting, show, "ended", SOON.timeoutMs);
      const refused = await rawJoin(late, show);
      expect([refused.status, refused.body.code]).to.deep.equal([409, "QUEUE_CLOSED"]);
      const held = await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
      expect((await house.pay(first, held.body.id)).status).to.equal(201);
      for (const verb of ["pause", "resume", "close"])
        await house.operator("POST", `/queues/${v7()}/${verb}`, undefined, 404);
    });
  });

  describe("notice", () => {
    it("put · shown in the queue, taken down by empty texts", async () => {
      const show = await house.makeShow();
      const put = (texts: object, expected: number) =>
        house.operator("PUT", `/queues/${show.queueId}/notice`, { texts }, expected);
      const shown = async () => (await house.client.api("GET", `/queues/${show.queueId}`)).body.notice;
      const texts = { ko: "두 번째 줄\n끝", en: "Doors open at 7 <b>" };
      await put(texts, 204);
      await eventually(async () => (await shown())?.en === texts.en, { ...SOON, what: "the notice" });
      expect(await shown()).to.deep.equal(texts);
      for (const wrong of [{ en: "" }, { en: "x".repeat(501) }, { de: "x" }, { en: "\u0000" }, { en: 1 }])
        await put(wrong, 400);
      await put({}, 204);
      await eventually(async () => (await shown()) === null, { ...SOON, what: "its end" });
    });
  });

  describe("remove and readmit", () => {
    it("a removed account · loses its place and is barred from this queue alone; readmitted · joins at the end", async () => {
      const [show, other] = [await house.makeShow({ queue: { maxActive: 1 } }), await house.makeShow()];
      const [first, fan, behind] = (await house.fans(3)) as [Fan, Fan, Fan];
      await house.enter(first, show);
      const { ticketId } = (await house.join(fan, show)).body;
      await house.join(behind, show);
      const at = `/queues/${show.queueId}/tickets/${ticketId}`;
      await house.operator("POST", `${at}/remove`, { reason: "several accounts" }, 204);
      await house.operator("POST", `${at}/remove`, { reason: "again" }, 204);
      await house.untilState(fan, show, "removed", SOON.timeoutMs);
      const barred = await rawJoin(fan, show);
      expect([barred.status, barred.body.code]).to.deep.equal([403, "REMOVED"]);
      expect((await house.claim(fan, show)).status).to.equal(409);
      expect((await rawJoin(fan, other)).status).to.equal(201);
      await house.operator("POST", `${at}/readmit`, undefined, 204);
      await house.operator("POST", `${at}/readmit`, undefined, 204);
      const again = await rawJoin(fan, show);
      expect([again.status, again.body.state]).to.deep.equal([201, "waiting"]);
      expect(again.body.ticketId).to.not.equal(ticketId);
      const behindNow = (await house.ticketOf(behind, show)).body;
      expect(again.body.sequence).to.be.greaterThan(behindNow.sequence);
      await house.operator("POST", `/queues/${show.queueId}/tickets/${v7()}/remove`, { reason: "r" }, 404);
      await house.operator("POST", `${at}/remove`, {}, 400);
    });

    it("a removed fan inside · the pass ends at once and the slot is free", async () => {
      const show = await house.makeShow({ queue: { maxActive: 1 } });
      const inside = await house.enter(await house.fan(), show);
      const next = await house.fan();
      await house.join(next, show);
      const at = `/queues/${show.queueId}/tickets/${inside.ticketId}`;
      await house.operator("POST", `${at}/remove`, { reason: "bot" }, 204);
      const refused = await house.hold(inside, { seatIds: [show.seatIds[1]] });
      expect([refused.status, refused.body.code]).to.deep.equal([403, "PASS_REVOKED"]);
      await house.untilState(next, show, "admitted", SOON.timeoutMs);
    });

    it("a removed fan with a hold · the seats are free at once and it can't be paid", async () => {
      const show = await house.makeShow();
      const inside = await house.enter(await house.fan(), show);
      const wanted = { seatIds: [show.seatIds[0] as string] };
      const { id } = (await house.hold(inside, wanted)).body;
      const at = `/queues/${show.queueId}/tickets/${inside.ticketId}`;
      await house.operator("POST", `${at}/remove`, { reason: "bot" }, 204);
      const late = await house.pay(inside.fan, id);
      expect([late.status, late.body.code]).to.deep.equal([409, "HOLD_EXPIRED"]);
      const other = await house.enter(await house.fan(), show);
      expect((await house.hold(other, wanted)).status).to.equal(201);
    });

    it("a removal that met a locked row · is 503, and done when it is asked for again", async () => {
      const show = await house.makeShow();
      const inside = await house.enter(await house.fan(), show);
      const at = `/queues/${show.queueId}/tickets/${inside.ticketId}`;
      const { id } = (await house.hold(inside, { seatIds: [show.seatIds[0] as string] })).body;
      const locked = await house.db.transaction();
      await locked.raw("SELECT id FROM users WHERE id = ? FOR UPDATE", [inside.fan.userId]);
      try {
        await house.operator("POST", `${at}/remove`, { reason: "bot" }, 503);
      } finally {
        await locked.rollback();
      }
      expect((await house.claim(inside.fan, show)).body.code).to.equal("NOT_ADMITTED");
      await house.operator("POST", `${at}/remove`, { reason: "bot" }, 204);
      const { body } = await house.client.api("GET", `/reservations/${id}`, { token: inside.fan.token });
      expect(body.status).to.equal("CANCELLED");
    });

    it("a removed fan whose payment is undecided · keeps the seats until the provider has decided", async () => {
      const show = await house.makeShow();
      const inside = await house.enter(await house.fan(), show);
      const { id } = (await house.hold(inside, { seatIds: [show.seatIds[0] as string] })).body;
      const card = { type: "sandbox", card: "undecided", settleAfterSeconds: 4 };
      expect((await house.pay(inside.fan, id, card)).status).to.equal(202);
      const at = `/queues/${show.queueId}/tickets/${inside.ticketId}`;
      await house.operator("POST", `${at}/remove`, { reason: "bot" }, 204);
      const statusOf = async () =>
        (await house.client.api("GET", `/reservations/${id}`, { token: inside.fan.token })).body.status;
      expect(await statusOf()).to.equal("PAYING");
      await eventually(async () => (await statusOf()) === "CONFIRMED", {
        timeoutMs: 12_000,
        what: "the payment",
      });
    });
  });

  describe("blocking seats", () => {
    const block = (show: Show, verb: string, seatIds: unknown, expected: number) =>
      house.operator(
        "POST",
        `/performances/${show.id}/seats/${verb}`,
        { seatIds, reason: "stage" },
        expected,
      );

    it("free ones · are blocked, can't be held, and come back", async () => {
      const show = await house.makeShow();
      const seats = show.seatIds.slice(0, 3);
      const { body } = await block(show, "block", seats, 200);
      expect(body.seats.map(({ id, state }: { id: string; state: string }) => [id, state])).to.deep.equal(
        seats.map((id) => [id, "BLOCKED"]),
      );
      const inside = await house.enter(await house.fan(), show);
      const refused = await house.hold(inside, { seatIds: [seats[0], show.seatIds[9]] });
      expect([refused.status, refused.body.code]).to.deep.equal([409, "SEAT_TAKEN"]);
      expect(refused.body.seats).to.deep.equal([{ id: seats[0], ordinal: 0, state: "BLOCKED" }]);
      await block(show, "block", seats, 200);
      await block(show, "unblock", seats, 200);
      await house.hold(inside, { seatIds: seats }, { expect: 201 });
    });

    it("with one held or sold among them · 409 with the list, and none is blocked", async () => {
      const show = await house.makeShow();
      const inside = await house.enter(await house.fan(), show);
      await house.hold(inside, { seatIds: [show.seatIds[1]] }, { expect: 201 });
      const { body } = await block(show, "block", show.seatIds.slice(0, 3), 409);
      expect(body.code).to.equal("SEATS_IN_USE");
      expect(body.seats).to.deep.equal([{ id: show.seatIds[1], ordinal: 1, state: "HELD" }]);
      expect((await house.availability(show)).seats.slice(0, 3)).to.not.contain("B");
      await block(show, "unblock", show.seatIds.slice(0, 3), 409);
      for (const seatIds of [[], [v7()], ["x"], [show.seatIds[0], show.seatIds[0]]])
        await block(show, "block", seatIds, 400);
    });
  });

  describe("lanes", () => {
    const addLane = (show: Show, body: object, expected: number) =>
      house.operator("POST", `/queues/${show.queueId}/lanes`, body, expected);
    const joinBy = (fan: Fan, show: Show, code: string) =>
      house.client.api("POST", `/queues/${show.queueId}/tickets`, { token: fan.token, body: { code } });

    it("a lane · its codes open it as often as they say, and its fans are counted among themselves", async () => {
      const show = await house.makeShow({ queue: { maxActive: 1 } });
      const [first, plain, ...members] = (await house.fans(5)) as [Fan, Fan, ...Fan[]];
      await house.enter(first, show);
      await house.join(plain, show);
      const lane = { name: "fan-club", share: 0.5, codes: { count: 2, uses: 2 } };
      const { body } = await addLane(show, lane, 201);
      expect(body).to.have.all.keys("name", "share", "codes");
      expect(new Set(body.codes).size).to.equal(2);
      const [code] = body.codes as [string];
      const joined: Answer[] = [];
      for (const fan of members.slice(0, 2)) joined.push(await joinBy(fan, show, code.toLowerCase()));
      expect(joined.map(({ status, body: view }) => [status, view.lane, view.position])).to.deep.equal([
        [201, "fan-club", 1],
        [201, "fan-club", 2],
      ]);
      const again = await joinBy(members[0] as Fan, show, code);
      expect([again.status, again.body.ticketId]).to.deep.equal([200, joined[0]?.body.ticketId]);
      const used = await joinBy(members[2] as Fan, show, code);
      expect([used.status, used.body.code]).to.deep.equal([409, "CODE_USED"]);
      const other = await house.makeShow();
      expect((await joinBy(members[2] as Fan, other, code)).body.code).to.equal("CODE_INVALID");
      expect((await house.ticketOf(plain, show)).body.position, "a lane of its own").to.equal(1);
    });

    it("without a name, a share or within bounds · 400", async () => {
      const show = await house.makeShow();
      const good = { name: "vip", share: 0.2, codes: { count: 1, uses: 1 } };
      const wrong = [
        ...[
          { ...good, name: "" },
          { ...good, name: "General Public" },
          { ...good, name: "general" },
        ],
        ...[
          { ...good, share: 0 },
          { ...good, share: 1 },
          { ...good, share: "0.2" },
        ],
        ...[
          { ...good, codes: { count: -1, uses: 1 } },
          { ...good, codes: { count: 1, uses: 0 } },
        ],
        ...[
          { ...good, codes: {} },
          { name: "vip", share: 0.2 },
        ],
      ];
      for (const body of wrong) await addLane(show, body, 400);
      await house.operator("POST", `/queues/${v7()}/lanes`, good, 404);
    });
  });

  describe("figures", () => {
    it("over HTTP and once a second over the stream · every field of the contract", async () => {
      const show = await house.makeShow({ queue: { maxActive: 2 } });
      const [buyer, ...others] = (await house.fans(4)) as [Fan, ...Fan[]];
      const inside = await house.enter(buyer, show);
      for (const fan of others) await house.join(fan, show);
      await house.hold(inside, { seatIds: [show.seatIds[0]] }, { expect: 201 });
      const keys = [
        ...[
          "phase",
          "waiting",
          "deferred",
          "active",
          "admittedTotal",
          "admittedLastMinute",
          "arrivedLastMinute",
        ],
        ...["noShowRatio", "leftTotal", "ratePerMinute", "effectiveRatePerMinute", "limitedBy", "seats"],
        ...["holdsPerMinute", "confirmationsPerMinute", "etaForNewcomerSeconds"],
      ];
      const stats = await eventually(
        async () => {
          const now = await statsOf(show);
          return (
            now.waiting === 2 &&
            now.arrivedLastMinute === 1 &&
            now.seats?.held === 1 &&
            now.limitedBy === "capacity" &&
            now
          );
        },
        { ...SOON, what: "the figures" },
      );
      expect(stats).to.have.all.keys(keys);
      expect(stats).to.include({
        phase: "open",
        active: 2,
        admittedTotal: 2,
        admittedLastMinute: 2,
        leftTotal: 0,
      });
      expect(stats).to.include({ holdsPerMinute: 1, confirmationsPerMinute: 0 });
      expect(stats.seats).to.deep.equal({ available: 19, held: 1, occupied: 0, blocked: 0 });

      const { body: token } = await house.operator("POST", "/stream-tokens", undefined, 201);
      expect(token.expiresInSeconds).to.equal(60);
      const stream = house.stream(`/ws/v1/operator/queues/${show.queueId}`, token.token);
      await eventually(() => stream.of("stats").length >= 3, { timeoutMs: 6_000, what: "three messages" });
      expect(stream.frames[1]).to.have.all.keys(...keys, "type");
      const gap = (stream.times[2] as number) - (stream.times[1] as number);
      expect(gap).to.be.within(500, 2_500);
      await house.operator("GET", `/queues/${v7()}/stats`, undefined, 404);
    });
  });

  describe("audit", () => {
    it("every change · by whom, when, from what to what, newest first, in pages", async () => {
      const show = await house.makeShow();
      const { ticketId } = (await house.join(await house.fan(), show)).body;
      await patch(show, { ratePerMinute: 77 });
      await control(show, "pause");
      await control(show, "pause");
      await control(show, "resume");
      await house.operator("PUT", `/queues/${show.queueId}/notice`, { texts: { en: "Hello" } }, 204);
      await control(show, "close");
      const onTicket = `/queues/${show.queueId}/tickets/${ticketId}/remove`;
      await house.operator("POST", onTicket, { reason: "fraud" }, 204);
      await house.operator("POST", `/performances/${show.id}/seats/block`, {
        seatIds: [show.seatIds[0]],
        reason: "pillar",
      });
      const queue = await auditOf(show.queueId);
      expect(queue.map(({ action }) => action)).to.deep.equal([
        ...["queue.close", "queue.notice", "queue.resume", "queue.pause", "queue.settings"],
      ]);
      for (const entry of queue) {
        expect(entry).to.have.all.keys(
          ...["id", "at", "actorId", "actor", "action", "subject", "subjectId", "before", "after", "reason"],
        );
        expect([entry.actorId, entry.actor, entry.subjectId]).to.deep.equal([
          operatorId,
          "Operator",
          show.queueId,
        ]);
        expect(Math.abs(Date.parse(entry.at) - Date.now())).to.be.below(30_000);
      }
      const settings = queue.at(-1);
      expect([settings.before, settings.after]).to.deep.equal([
        { ratePerMinute: 6_000 },
        { ratePerMinute: 77 },
      ]);
      const [removal] = await auditOf(ticketId);
      expect([removal.reason, removal.after.state]).to.deep.equal(["fraud", "removed"]);
      const performance = await auditOf(show.id);
      expect(performance.map(({ action, reason }) => [action, reason])).to.deep.include([
        "seats.block",
        "pillar",
      ]);
      expect(await auditOf(show.eventId)).to.have.length(1);

      const seen: string[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const query: string = `subjectId=${show.queueId}&limit=2${cursor && `&cursor=${cursor}`}`;
        const { body } = await house.operator("GET", `/audit?${query}`, undefined, 200);
        seen.push(...body.items.map(({ id }: { id: string }) => id));
        cursor = body.nextCursor;
      }
      expect(seen).to.deep.equal(queue.map(({ id }) => id));
    });

    it("what was refused · is not written down", async () => {
      const show = await house.makeShow();
      await patch(show, { ratePerMinute: 0 }, 400);
      const fan = await house.fan();
      await house.client.api("POST", `/operator/queues/${show.queueId}/pause`, {
        token: fan.token,
        expect: 403,
      });
      expect(await auditOf(show.queueId)).to.deep.equal([]);
    });
  });
});
