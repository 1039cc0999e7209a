/** Connections to PostgreSQL that are cut at the worst moment, or are slow. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { type Answer, type Fan, type Hall, openWorld, tally, type World } from "../reservations/world.ts";
import { type DatabaseProxy, openDatabaseProxy } from "./database-proxy.ts";

describe("faults of the connection to PostgreSQL", function () {
  this.timeout(60_000);

  let world: World;
  let proxy: DatabaseProxy;
  /** A gateway whose database is behind the proxy. */
  let far: World;
  let hall: Hall;
  let fan: Fan;
  let key: string;

  before(async () => {
    world = await openWorld();
    proxy = await openDatabaseProxy(world.databaseUrl);
    far = await openWorld({ beside: { databaseUrl: proxy.url }, poolSize: 2 });
  });
  beforeEach(async () => {
    hall = await world.makeHall({ rows: 5 });
    fan = await world.makeFan();
    key = randomUUID();
    await far.catalog.seatMap(hall.id);
  });
  afterEach(() => world.expectInvariants());
  after(async () => {
    await far.close();
    await proxy.close();
    await world.close();
  });

  const cutAt = async (statement: string, request: () => Promise<Answer>): Promise<Answer> => {
    const before = proxy.cuts();
    proxy.cutCommitOf(statement);
    const answer = await request();
    expect(proxy.cuts()).to.equal(before + 1);
    return answer;
  };

  it("F23 · hold · the connection is cut at COMMIT · the answer is the truth, and so is the retry's", async () => {
    const headers = { "Idempotency-Key": key };
    const first = await cutAt("take-group", () => far.hold(fan, hall, [0], headers));
    expect(first.status, first.text).to.equal(201);
    const again = await world.hold(fan, hall, [0], headers);
    expect([again.status, again.text]).to.deep.equal([201, first.text]);
    expect(await world.db("reservations").where({ user_id: fan.userId })).to.have.length(1);
  });

  it("F23 · hold · cut at COMMIT, and no key was sent · the answer is the truth all the same", async () => {
    const first = await cutAt("take-group", () => far.hold(fan, hall, [0]));
    expect([first.status, first.body.status]).to.deep.equal([201, "HELD"]);
    expect(await world.statusOf(first.body.id)).to.equal("HELD");
  });

  it("F23 · hold · of a group that is cut at COMMIT · each is told the truth about its own", async () => {
    const fans = await world.makeFans(6);
    const before = proxy.cuts();
    proxy.cutCommitOf("take-group");
    const answers = await Promise.all(fans.map((each, index) => far.hold(each, hall, [10 + index])));
    expect(proxy.cuts()).to.be.above(before);
    expect(answers.map(({ status }) => status)).to.deep.equal(fans.map(() => 201));
    for (const [index, { body }] of answers.entries()) {
      const { userId } = fans[index] as Fan;
      expect(await world.db("reservations").where({ user_id: userId }).pluck("id")).to.deep.equal([body.id]);
    }
  });

  it("F23 · payment · cut at the COMMIT of its claim · nothing is charged behind the fan's back, a new try pays once", async () => {
    const { id } = await world.held(fan, hall, [0]);
    const first = await cutAt("insert-payment", () => far.pay(fan, id, "success", key));
    expect(first.status, first.text).to.equal(503);
    expect(await world.db("sandbox_charges").whereIn("payment_id", paymentsOf(id))).to.have.length(0);
    expect((await world.pay(fan, id, "success", key)).body.code).to.equal("IDEMPOTENCY_IN_PROGRESS");
    await world.db.raw(
      "UPDATE payments SET next_check_at = now(), started_at = started_at - interval '10 seconds' WHERE reservation_id = ?",
      [id],
    );
    await world.payments.reconcile(10);
    expect((await world.pay(fan, id, "success", key)).status, "the provider never had it").to.equal(402);
    expect((await world.pay(fan, id)).status).to.equal(201);
  });

  it("F23 · payment · cut at the COMMIT of its settlement · the answer is the truth, and so is the retry's", async () => {
    const { id } = await world.held(fan, hall, [0, 1]);
    const first = await cutAt("settle-payment", () => far.pay(fan, id, "success", key));
    expect(first.status, first.text).to.equal(201);
    const again = await world.pay(fan, id, "success", key);
    expect([again.text, again.headers.get("idempotent-replayed")]).to.deep.equal([first.text, "true"]);
    expect(again.body.reservation.tickets).to.have.length(2);
    expect(await world.db("sandbox_charges").whereIn("payment_id", paymentsOf(id))).to.have.length(1);
  });

  it("F23 · refund · cut at COMMIT · the answer is the truth, and so is the retry's; one refund was made", async () => {
    const { id } = await world.held(fan, hall, [0]);
    await world.pay(fan, id);
    const first = await cutAt("insert-refund", () => far.refund(fan, id, key));
    expect(first.status, first.text).to.equal(201);
    const again = await world.refund(fan, id, key);
    expect([again.text, again.headers.get("idempotent-replayed")]).to.deep.equal([first.text, "true"]);
    expect(await world.db("refunds").where({ reservation_id: id })).to.have.length(1);
  });

  it("F23 · cancel · cut at COMMIT · the same request again says 204", async () => {
    const { id } = await world.held(fan, hall, [0]);
    const first = await cutAt("end-reservations", () => far.request("DELETE", `/reservations/${id}`, fan));
    expect(first.status, first.text).to.equal(503);
    expect((await far.request("DELETE", `/reservations/${id}`, fan)).status).to.equal(204);
    expect(await world.statusOf(id)).to.equal("CANCELLED");
  });

  it("F8 · hold · PostgreSQL refuses the COMMIT · no seat, no job, no reservation", async () => {
    const added: string[] = [];
    const jobs = { add: async (jobId: string) => void added.push(jobId) };
    const doomed = await openWorld({ beside: world, jobs });
    await world.db.raw(`
      CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted'; END $$;
      CREATE CONSTRAINT TRIGGER refuse_commit AFTER INSERT ON reservations DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse_commit()`);
    const answer = await doomed.hold(fan, hall, [0, 1], { "Idempotency-Key": key });
    await world.db.raw("DROP TRIGGER refuse_commit ON reservations; DROP FUNCTION refuse_commit");
    await doomed.close();
    expect(answer.status).to.equal(500);
    expect(added).to.deep.equal([]);
    expect(await world.db("reservations").where({ user_id: fan.userId })).to.have.length(0);
    expect((await world.hold(fan, hall, [0, 1], { "Idempotency-Key": key })).status).to.equal(201);
  });

  it("F25 · hold · two connections, each answer 20 ms late, 50 at once · all are answered, none after seven seconds", async () => {
    const fans = await world.makeFans(50);
    proxy.delay(20);
    const tookMs: number[] = [];
    const answers = await Promise.all(
      fans.map(async (one, seat) => {
        const began = performance.now();
        const answer = await far.hold(one, hall, [seat]);
        tookMs.push(performance.now() - began);
        return answer;
      }),
    );
    proxy.delay(0);
    const { "201": held = 0, ...others } = tally(answers);
    // Who waited long for a connection has a lock that is nearly over, or no connection, and is told to try again.
    const told = Object.keys(others).filter((kind) => !/^503 |SEAT_CONTENDED$/.test(kind));
    expect(told).to.deep.equal([]);
    expect(held).to.be.above(10);
    expect(Math.max(...tookMs)).to.be.below(7_000);
    expect((await world.letters(hall)).replaceAll("A", "").length).to.equal(held);
  });

  const paymentsOf = (reservationId: string) =>
    world.db("payments").select("id").where({ reservation_id: reservationId });
});
