/** A connection that planned its statements while the tables were small goes on with those plans when they have grown. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { type Fan, type Hall, openWorld, type World } from "./world.ts";

const TABLES = [
  "seat_states",
  "reservations",
  "reservation_seats",
  "tickets",
  "payments",
  "refunds",
  "idempotency_keys",
];

describe("plans", () => {
  let world: World;
  /** One connection, so that every statement meets the plan that was made on it. */
  let gateway: World;

  before(async () => {
    world = await openWorld();
    gateway = await openWorld({ beside: world, poolSize: 1 });
  });
  after(async () => {
    await gateway.close();
    await world.close();
  });

  /** Holds, pays, gives back, refunds, lapses. */
  async function sell(hall: Hall, seats: number): Promise<void> {
    const fans = await world.makeFans(seats);
    const one = async (fan: Fan, seat: number) => {
      const { body } = await gateway.hold(fan, hall, [seat], { "Idempotency-Key": randomUUID() });
      const how = seat % 4;
      if (how < 2) expect((await gateway.pay(fan, body.id)).status).to.equal(201);
      if (how === 0) expect((await gateway.refund(fan, body.id)).status).to.equal(201);
      if (how === 2)
        expect((await gateway.request("DELETE", `/reservations/${body.id}`, fan)).status).to.equal(204);
      if (how === 3) await world.lapse(body.id);
      expect((await gateway.get(fan, body.id)).status).to.equal(200);
    };
    await Promise.all(fans.map(one));
    await gateway.payments.reconcile(seats);
    await gateway.reservations.sweep(seats);
    await gateway.reservations.close();
  }

  /** Rows that the gateway has read so far by reading tables whole. */
  async function readWhole(): Promise<Record<string, number>> {
    await gateway.db.raw("SELECT pg_stat_force_next_flush()");
    const { rows } = await world.db.raw(
      "SELECT relname, seq_tup_read AS read FROM pg_stat_user_tables WHERE relname = ANY (?)",
      [TABLES],
    );
    return Object.fromEntries(
      rows.map(({ relname, read }: { relname: string; read: number }) => [relname, read]),
    );
  }

  it("a sale after a rehearsal · on a connection whose plans are from then · reads no table whole", async () => {
    await sell(await world.makeHall({ rows: 1, seatsPerRow: 16 }), 16);
    await world.db.raw("VACUUM ANALYZE");
    await sell(await world.makeHall({ rows: 1, seatsPerRow: 16 }), 16);
    const before = await readWhole();
    await sell(await world.makeHall({ rows: 10, seatsPerRow: 20 }), 100);
    expect(await readWhole()).to.deep.equal(before);
    await world.expectInvariants();
  });

  /** When the planner came to know how large the tables are; by itself that is whenever autovacuum comes round. */
  const MOMENTS = ["never", "when they were small", "when they had grown"] as const;

  for (const counted of MOMENTS) {
    it(`holds, payments and ends · on tables whose rows were counted ${counted} · read as few rows among many`, async () => {
      // A database of its own: what other connections have read before is counted up to ten seconds late.
      const empty = await openWorld();
      const hall = await empty.makeHall({ rows: 20, seatsPerRow: 20 });
      const fresh = await openWorld({ beside: empty, poolSize: 1 });
      try {
        const hold = async (from: number, to: number) => {
          const fans = await empty.makeFans(to - from);
          const held = fans.map((fan, index) => fresh.hold(fan, hall, [from + index]));
          return (await Promise.all(held)).map(({ body }, index) => ({
            id: body.id,
            fan: fans[index] as Fan,
          }));
        };
        const sellAndEnd = async (from: number) => {
          const [first, second] = await hold(from, from + 2);
          if (!first || !second) throw new Error("nothing was held");
          expect((await fresh.pay(first.fan, first.id)).status).to.equal(201);
          expect((await fresh.request("DELETE", `/reservations/${second.id}`, second.fan)).status).to.equal(
            204,
          );
        };
        // As often as it takes until a connection keeps its plans.
        for (let from = 0; from < 20; from += 2) await sellAndEnd(from);
        const fetched = async () => {
          await fresh.db.raw("SELECT pg_stat_force_next_flush()");
          // The counts are there by the time that the connection takes another statement.
          await fresh.db.raw("SELECT 1");
          const { rows } = await empty.db.raw(
            "SELECT sum(idx_tup_fetch)::int AS rows FROM pg_stat_user_tables WHERE relname IN ('reservations', 'reservation_seats', 'seat_states', 'users', 'idempotency_keys', 'payments', 'tickets')",
          );
          return rows[0].rows as number;
        };
        const cost = async (from: number) => {
          const before = await fetched();
          await sellAndEnd(from);
          return (await fetched()) - before;
        };
        const among20 = await cost(20);
        if (counted === "when they were small") await empty.db.raw("ANALYZE");
        await hold(22, 322);
        if (counted === "when they had grown") await empty.db.raw("ANALYZE");
        expect(await cost(322)).to.be.at.most(2 * among20);
      } finally {
        await fresh.close();
        await empty.close();
      }
    });
  }
});
