import { expect } from "chai";
import { v7 } from "uuid";
import { newPerformance, OPERATOR, openWorld, type World } from "./world.ts";

describe("operator: controls of a queue", () => {
  let world: World;
  let queueId: string;
  let performanceId: string;
  before(async () => {
    world = await openWorld();
  });
  beforeEach(async () => {
    const event = await world.request("post", "/operator/events", { title: "Aria", venue: "Hall" });
    const made = await world.request(
      "post",
      `/operator/events/${event.body.id}/performances`,
      newPerformance(),
    );
    queueId = made.body.queueId;
    performanceId = made.body.id;
    world.calls.length = 0;
  });
  after(() => world.close());

  const about = (subjectId: string) => world.db("audit_log").where({ subject_id: subjectId }).orderBy("id");

  it("PATCH · some settings · answers all of them under a new ETag, tells the queue, writes down what changed", async () => {
    const before = await world.request("get", `/operator/queues/${queueId}`).expect(200);
    const { body, headers } = await world
      .request("patch", `/operator/queues/${queueId}`, {
        ratePerMinute: 60,
        mode: "auto",
        maxRatePerMinute: 90,
      })
      .expect(200);
    expect(body).to.eql({ ...before.body, ratePerMinute: 60, mode: "auto", maxRatePerMinute: 90 });
    expect(headers.etag)
      .to.match(/^"\d+"$/)
      .and.not.equal(before.headers.etag);
    const after = await world.request("get", `/operator/queues/${queueId}`).expect(200);
    expect([after.body, after.headers.etag]).to.eql([body, headers.etag]);
    expect(world.calls).to.eql([`apply ${queueId}`]);
    const [entry] = await about(queueId);
    expect(entry).to.deep.include({
      actor_id: OPERATOR.userId,
      action: "queue.settings",
      subject: "queue",
      before: { ratePerMinute: 600, mode: "fixed", maxRatePerMinute: 600 },
      after: { ratePerMinute: 60, mode: "auto", maxRatePerMinute: 90 },
    });
  });

  it("PATCH · what already is so · answers the same ETag and writes nothing", async () => {
    const before = await world.request("get", `/operator/queues/${queueId}`);
    for (const patch of [{}, { ratePerMinute: 600 }, { opensAt: "2030-01-01T19:00:00+09:00" }]) {
      const answer = await world.request("patch", `/operator/queues/${queueId}`, patch).expect(200);
      expect(answer.headers.etag).to.equal(before.headers.etag);
      expect(answer.body).to.eql(before.body);
    }
    expect(await about(queueId)).to.eql([]);
  });

  it("PATCH · If-Match · is taken only with the version that stands", async () => {
    const path = `/operator/queues/${queueId}`;
    const { etag } = (await world.request("get", path)).headers as { etag: string };
    await world.request("patch", path, { ratePerMinute: 61 }).set("If-Match", etag).expect(200);
    for (const header of [etag, `W/${etag}`, '"nonsense"', "nonsense"]) {
      const { body } = await world
        .request("patch", path, { ratePerMinute: 62 })
        .set("If-Match", header)
        .expect(412);
      expect(body.code).to.equal("VERSION_MISMATCH");
    }
    await world.request("patch", path, { ratePerMinute: 63 }).set("If-Match", "*").expect(200);
    expect((await world.request("get", path)).body.ratePerMinute).to.equal(63);
  });

  const badPatches: [string, object, string][] = [
    ["a rate of 0", { ratePerMinute: 0 }, "ratePerMinute"],
    ["a mode that is none", { mode: "manual" }, "mode"],
    ["bounds that cross", { mode: "auto", minRatePerMinute: 10, maxRatePerMinute: 9 }, "minRatePerMinute"],
    ["closing before the stored opening", { closesAt: "2029-01-01T00:00:00Z" }, "closesAt"],
    ["a lobby after the stored opening", { lobbyOpensAt: "2031-01-01T00:00:00Z" }, "lobbyOpensAt"],
    ["an unknown field", { paused: true }, "paused"],
  ];
  for (const [what, patch, path] of badPatches) {
    it(`PATCH · ${what} · answers 400 at ${path} and changes nothing`, async () => {
      const { body } = await world.request("patch", `/operator/queues/${queueId}`, patch).expect(400);
      expect(body.code).to.equal("VALIDATION_FAILED");
      expect(body.errors.map((error: { path: string }) => error.path)).to.eql([path]);
      expect(await about(queueId)).to.eql([]);
      expect(world.calls).to.eql([]);
    });
  }

  it("pause, pause, resume, close, close · answer 204 and are written down once each", async () => {
    for (const verb of ["pause", "pause", "resume", "close", "close"]) {
      await world.request("post", `/operator/queues/${queueId}/${verb}`).expect(204);
    }
    expect((await about(queueId)).map(({ action, after }) => [action, after])).to.eql([
      ["queue.pause", { paused: true }],
      ["queue.resume", { paused: false }],
      ["queue.close", { closed: true }],
    ]);
    // The queue is told each time, so that pressing again helps where the first time did not arrive.
    expect(world.calls).to.have.length(5);
  });

  it("pause · the queue cannot be told now · stands, and answers 204", async () => {
    world.failing.add("apply");
    await world.request("post", `/operator/queues/${queueId}/pause`).expect(204);
    world.failing.clear();
    expect(await about(queueId)).to.have.length(1);
  });

  it("PUT notice · texts, none · reach the queue and are written down", async () => {
    const path = `/operator/queues/${queueId}/notice`;
    await world.request("put", path, { texts: { en: "Soon", ko: "곧" } }).expect(204);
    await world.request("put", path, { texts: {} }).expect(204);
    expect((await about(queueId)).map(({ before, after }) => [before, after])).to.eql([
      [{ texts: null }, { texts: { en: "Soon", ko: "곧" } }],
      [{ texts: { en: "Soon", ko: "곧" } }, { texts: null }],
    ]);
  });

  for (const body of [
    {},
    { texts: { fr: "Bientôt" } },
    { texts: { en: "" } },
    { texts: { en: "x".repeat(501) } },
  ]) {
    it(`PUT notice · ${JSON.stringify(body).slice(0, 40)} · answers 400`, async () => {
      await world.request("put", `/operator/queues/${queueId}/notice`, body).expect(400);
    });
  }

  it("GET stats · joins the line's figures with those of the seats", async () => {
    const { body } = await world.request("get", `/operator/queues/${queueId}/stats`).expect(200);
    expect(body).to.deep.include({ phase: "open", waiting: 7, holdsPerMinute: 6, confirmationsPerMinute: 5 });
    expect(body.seats).to.eql({ available: 10, held: 2, occupied: 1, blocked: 1 });
  });

  it("every route of a queue · of one that is not there · answers 404 and writes nothing", async () => {
    const calls = [
      ["get", "", undefined],
      ["patch", "", { ratePerMinute: 1 }],
      ["post", "/pause", undefined],
      ["post", "/resume", undefined],
      ["post", "/close", undefined],
      ["put", "/notice", { texts: { en: "x" } }],
      ["get", "/stats", undefined],
    ] as const;
    for (const id of [v7(), "nonsense"]) {
      for (const [method, path, body] of calls) {
        const answer = await world.request(method, `/operator/queues/${id}${path}`, body);
        expect([answer.status, answer.body.code], `${method} ${path}`).to.eql([404, "NOT_FOUND"]);
      }
      expect(
        await world.db("audit_log").where({ subject: "queue" }).whereRaw("subject_id::text = ?", [id]),
      ).to.eql([]);
    }
  });

  describe("tickets", () => {
    const change = (ticketId: string, verb: string, body?: object) =>
      world.request("post", `/operator/queues/${queueId}/tickets/${ticketId}/${verb}`, body);
    const states = async (ticketId: string) => (await about(ticketId)).map(({ after }) => after.state);
    let ticketId: string;
    let userId: string;
    beforeEach(() => {
      ticketId = v7();
      userId = v7();
      world.tickets.set(ticketId, { userId, removed: false });
    });

    it("remove, readmit · are asked for on record before, and told of after", async () => {
      await change(ticketId, "remove", { reason: "bot" }).expect(204);
      expect(world.tickets.get(ticketId)?.removed).to.equal(true);
      await change(ticketId, "readmit").expect(204);
      expect(world.tickets.get(ticketId)?.removed).to.equal(false);
      expect(await states(ticketId)).to.eql(["requested", "removed", "requested", "readmitted"]);
      const [, removed] = await about(ticketId);
      expect(removed).to.deep.include({ action: "ticket.remove", reason: "bot", actor: "Ada" });
      expect(removed.after).to.eql({ state: "removed", userId, queueId });
    });

    it("remove · a second time · asks the queue again and writes nothing more", async () => {
      await change(ticketId, "remove", { reason: "bot" }).expect(204);
      await change(ticketId, "remove", { reason: "bot" }).expect(204);
      expect(await states(ticketId)).to.eql(["requested", "removed"]);
      expect(world.calls).to.eql([`removeTicket ${ticketId}`, `removeTicket ${ticketId}`]);
    });

    it("remove · the queue's store fails · leaves the request on record, and a second try completes it", async () => {
      world.failing.add("removeTicket");
      await change(ticketId, "remove", { reason: "bot" }).expect(500);
      world.failing.clear();
      expect(await states(ticketId)).to.eql(["requested"]);
      await change(ticketId, "remove", { reason: "bot" }).expect(204);
      expect(await states(ticketId)).to.eql(["requested", "requested", "removed"]);
    });

    it("remove · while the queue is being rebuilt · answers 503, on record, and a second try completes it", async () => {
      world.tickets.set(ticketId, { userId, removed: false, lost: true });
      const refused = await change(ticketId, "remove", { reason: "bot" }).expect(503);
      expect(refused.body.code).to.equal("REBUILDING");
      expect(await states(ticketId)).to.eql(["requested", "rebuilding"]);
      world.tickets.set(ticketId, { userId, removed: false });
      await change(ticketId, "remove", { reason: "bot" }).expect(204);
      expect(await states(ticketId)).to.eql(["requested", "rebuilding", "requested", "removed"]);
    });

    it("remove · no such ticket · answers 404, on record", async () => {
      const stranger = v7();
      await change(stranger, "remove", { reason: "bot" }).expect(404);
      expect(await states(stranger)).to.eql(["requested", "not_found"]);
    });

    for (const body of [{}, { reason: "" }, { reason: " " }, { reason: 1 }, { reason: "x", by: "me" }]) {
      it(`remove · with ${JSON.stringify(body)} · answers 400 and asks nobody`, async () => {
        await change(ticketId, "remove", body).expect(400);
        expect(world.calls).to.eql([]);
      });
    }
  });

  describe("seats", () => {
    const change = (verb: string, seatIds: unknown, reason: unknown = "camera") =>
      world.request("post", `/operator/performances/${performanceId}/seats/${verb}`, { seatIds, reason });
    const seatIds = async () => [...((await world.catalog.seatMap(performanceId))?.ids ?? [])];
    const statuses = async () =>
      (await world.db("seat_states").where({ performance_id: performanceId }).orderBy("ordinal"))
        .map((s) => s.status[0])
        .join("");
    const entries = async () =>
      (await about(performanceId)).filter(
        ({ subject, action }) => subject === "performance" && action !== "performance.create",
      );

    it("block, unblock · change all seats named and write down which", async () => {
      const ids = await seatIds();
      const { body } = await change("block", [ids[5], ids[1]]).expect(200);
      expect(body).to.eql({
        seats: [
          { id: ids[1], ordinal: 1, state: "BLOCKED" },
          { id: ids[5], ordinal: 5, state: "BLOCKED" },
        ],
      });
      expect(await statuses()).to.equal("ABAAABAAAAAAAA");
      await change("unblock", [ids[5]]).expect(200);
      expect(await statuses()).to.equal("ABAAAAAAAAAAAA");
      expect(
        (await entries()).map(({ action, before, after, reason }) => [action, before, after, reason]),
      ).to.eql([
        [
          "seats.block",
          { state: "AVAILABLE", ordinals: [1, 5] },
          { state: "BLOCKED", ordinals: [1, 5] },
          "camera",
        ],
        [
          "seats.unblock",
          { state: "BLOCKED", ordinals: [5] },
          { state: "AVAILABLE", ordinals: [5] },
          "camera",
        ],
      ]);
    });

    it("block · what is blocked · answers 200 and writes down only what changed", async () => {
      const ids = await seatIds();
      await change("block", [ids[0]]).expect(200);
      await change("block", [ids[0]]).expect(200);
      await change("block", [ids[0], ids[1]]).expect(200);
      expect((await entries()).map(({ after }) => after.ordinals)).to.eql([[0], [1]]);
    });

    it("block · one of them is held · answers 409 with that one and changes none", async () => {
      const ids = await seatIds();
      const held = { status: "HELD", reservation_id: v7() };
      await world.db("seat_states").where({ performance_id: performanceId, ordinal: 2 }).update(held);
      const { body } = await change("block", [ids[1], ids[2], ids[3]]).expect(409);
      expect(body.code).to.equal("SEATS_IN_USE");
      expect(body.seats).to.eql([{ id: ids[2], ordinal: 2, state: "HELD" }]);
      expect(await statuses()).to.equal("AAHAAAAAAAAAAA");
      expect(await entries()).to.eql([]);
    });

    it("block · a seat of no or another performance · answers 400 at its place and changes none", async () => {
      const ids = await seatIds();
      const { body } = await change("block", [ids[1], v7()]).expect(400);
      expect(body.errors.map((error: { path: string }) => error.path)).to.eql(["seatIds.1"]);
      expect(await statuses()).to.equal("AAAAAAAAAAAAAA");
    });

    it("block · the same seat twice · answers 400 at the second", async () => {
      const ids = await seatIds();
      const { body } = await change("block", [ids[1], ids[1]]).expect(400);
      expect(body.errors.map((error: { path: string }) => error.path)).to.eql(["seatIds.1"]);
    });

    for (const [what, ids, reason] of [
      ["no seats", [], "x"],
      ["text for seats", "all", "x"],
      ["something else than an id", [7], "x"],
      ["no reason", [v7()], ""],
      ["1,501 seats", Array.from({ length: 1_501 }, () => v7()), "x"],
    ] as const) {
      it(`block · ${what} · answers 400`, async () => {
        await change("block", ids, reason).expect(400);
      });
    }

    it("block · of no performance · answers 404", async () => {
      const path = `/operator/performances/${v7()}/seats/block`;
      await world.request("post", path, { seatIds: [v7()], reason: "x" }).expect(404);
    });
  });
});
