/** Plays a history on the real rooms and on the model, and compares after every action. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { signWebhook } from "../../src/payments/index.ts";
import {
  type Answer,
  type Fan,
  type Hall,
  openWorld,
  WEBHOOK_KEY,
  type World,
  type WorldOptions,
} from "../reservations/world.ts";
import { type Action, CAP, FANS, histories, SEATS, type Single } from "./actions.ts";
import { type Card, Model, type Payment, type Print, printRefund, type Reservation } from "./model.ts";
import { asHold, asJob, asPayment, explain, inOneStep, type Ways } from "./together.ts";

/** An answer that is lost is lost at once: nobody waits for it, and a slow call is not taken for one. */
const LOST_AT_ONCE: WorldOptions = {
  providers: (sandbox) => [
    { ...sandbox, charge: (charge) => sandbox.charge(charge, AbortSignal.abort(new Error("lost"))) },
  ],
};

export interface PlayOptions {
  readonly runs: number;
  readonly longest: number;
  /** For all of it, the search for a shorter history that goes wrong included; when it is given, not all played by then is a failure. */
  readonly limitMs?: number;
  /** Of the histories; a random one when absent. Set MODEL_SEED to play those of an earlier run. */
  readonly seed?: number;
  /** Rooms with a planted bug. */
  readonly planted?: WorldOptions;
}

/** @throws with the seed and the shortest history that goes wrong. */
export async function playHistories(options: PlayOptions): Promise<void> {
  const { runs, longest, limitMs, planted, seed = seedOf() } = options;
  const world = await openWorld({ ...LOST_AT_ONCE, ...planted });
  process.stdout.write(`        seed ${seed} (MODEL_SEED=${seed} plays the same histories)\n`);
  try {
    await fc.assert(
      fc.asyncProperty(histories(longest), (history) => play(world, history)),
      {
        seed,
        numRuns: runs,
        endOnFailure: false,
        interruptAfterTimeLimit: limitMs ?? 300_000,
        markInterruptAsFailure: limitMs !== undefined,
      },
    );
  } finally {
    await world.close();
  }
}

const methodOf = (card: Card) => ({
  type: "sandbox",
  card,
  ...(card === "undecided" && { settleAfterSeconds: 600 }),
});

const seedOf = (): number => Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

interface Sent {
  readonly again: () => Promise<Answer>;
  readonly answer: Answer;
}

async function play(world: World, history: readonly Action[]): Promise<void> {
  const stage = await openStage(world);
  const done: string[] = [];
  try {
    for (const action of history) {
      done.push(JSON.stringify(action));
      await stage.step(action);
    }
    await stage.step({ do: "reconcile" });
    await stage.step({ do: "sweep" });
    await world.expectInvariants(3_600);
  } catch (fault) {
    throw new Error(`${(fault as Error).message}\nafter:\n${done.join("\n")}`, { cause: fault });
  }
}

async function openStage(world: World) {
  let model = new Model(CAP);
  const hall: Hall = await world.makeHall({ rows: 1, seatsPerRow: SEATS, maxSeatsPerFan: CAP });
  const fans: Fan[] = await world.makeFans(FANS);
  /** By the model's numbers: ids sort by time. */
  let reservationIds: string[] = [];
  let paymentIds: string[] = [];
  const sent: Sent[] = [];

  const kindOf = ({ status, body }: Answer) => (body?.code ? `${status} ${body.code}` : String(status));
  const pick = <T>(list: readonly T[], number: number): number | null =>
    list.length === 0 ? null : number % list.length;
  const askerOf = (asker: number | "owner", index: number) =>
    asker === "owner" ? (model.reservations[index] as Reservation).fan : asker;
  const fanOf = (index: number) => fans[index] as Fan;
  const idOf = (index: number) => reservationIds[index] as string;

  /** Sends it under a key of its own, and keeps it for a later retry if it had an effect. */
  async function keyed(send: (key: string) => Promise<Answer>): Promise<Answer> {
    const key = randomUUID();
    const answer = await send(key);
    const effect = (answer.status >= 200 && answer.status < 300) || answer.status === 402;
    if (effect) sent.push({ again: () => send(key), answer });
    return answer;
  }

  async function act(action: Action): Promise<void> {
    switch (action.do) {
      case "together":
        return together(action.both);
      case "hold": {
        const expected = model.hold(action.fan, action.seats);
        const answer = await keyed((key) =>
          world.hold(fanOf(action.fan), hall, action.seats, { "Idempotency-Key": key }),
        );
        expect(kindOf(answer)).to.equal(expected);
        return;
      }
      case "leave": {
        const expected = model.leave(action.fan);
        const outcome = await world.reservations.releaseHoldsOf(fanOf(action.fan).userId, hall.id, "left");
        expect(outcome.ok ? "left" : outcome.reason).to.equal(expected);
        return;
      }
      case "retry": {
        const index = pick(sent, action.request);
        if (index === null) return;
        const { again, answer } = sent[index] as Sent;
        const { status, text, headers } = await again();
        expect([status, text, headers.get("idempotent-replayed")]).to.deep.equal([
          answer.status,
          answer.text,
          "true",
        ]);
        return;
      }
      case "sweep":
        model.sweep();
        await world.reservations.sweep(100);
        return;
      case "reconcile":
        model.reconcile();
        await world.db.raw(
          `UPDATE payments SET next_check_at = now(), started_at = started_at - interval '10 seconds' WHERE status = 'pending';
           UPDATE refunds SET next_attempt_at = now() WHERE status = 'pending'`,
        );
        await world.payments.reconcile(100);
        return;
      case "webhook": {
        const index = pick(model.payments, action.payment);
        if (index !== null) await webhook(index, action.word, action.times);
        return;
      }
      default: {
        const index = pick(model.reservations, action.reservation);
        if (index !== null) await actOn(index, action);
      }
    }
  }

  async function actOn(index: number, action: Action & { reservation: number }): Promise<void> {
    const id = idOf(index);
    switch (action.do) {
      case "pay": {
        const fan = askerOf(action.fan, index);
        const expected = model.pay(fan, index, action.card);
        const answer = await keyed((key) => world.pay(fanOf(fan), id, methodOf(action.card), key));
        expect(kindOf(answer)).to.equal(expected);
        return;
      }
      case "payAndDie": {
        const { fan } = model.reservations[index] as Reservation;
        if (!model.payAndDie(fan, index, action.arrives)) return;
        await payAndDie(fanOf(fan), id, action.arrives);
        return;
      }
      case "cancel": {
        const fan = askerOf(action.fan, index);
        const expected = model.cancel(fan, index);
        expect(kindOf(await world.request("DELETE", `/reservations/${id}`, fanOf(fan)))).to.equal(expected);
        return;
      }
      case "refund": {
        const fan = askerOf(action.fan, index);
        const expected = model.refund(fan, index);
        expect(kindOf(await keyed((key) => world.refund(fanOf(fan), id, key)))).to.equal(expected);
        return;
      }
      case "get": {
        const fan = askerOf(action.fan, index);
        const expected = model.get(fan, index);
        const { status, body } = await world.get(fanOf(fan), id);
        expect(`${status} ${body.code ?? body.status}`).to.equal(expected);
        return;
      }
      case "lapse":
        if (model.lapse(index)) await world.lapse(id);
        return;
      case "job":
        model.job(index);
        await world.reservations.expire(id);
        return;
      case "checkIn":
        if (model.checkIn(index))
          await world
            .db("tickets")
            .where({ reservation_id: id, voided_at: null })
            .update({ checked_in_at: new Date() });
    }
  }

  /** @returns false when the provider would not say so: it never takes its word back, and knows only what arrived. */
  async function book(index: number, word: "succeeded" | "failed"): Promise<boolean> {
    const payment = model.payments[index] as Payment;
    if (payment.booked === "unknown" || payment.booked === "cancelled") return false;
    if (word === "failed" && payment.booked === "succeeded") return false;
    payment.booked = word;
    await world
      .db("sandbox_charges")
      .where({ payment_id: paymentIds[index] as string })
      .update({ status: word, settles_at: null });
    return true;
  }

  function tell(
    index: number,
    word: "succeeded" | "failed",
    eventId: string = randomUUID(),
  ): Promise<Answer> {
    const body = JSON.stringify({
      id: eventId,
      type: `payment.${word}`,
      data: { paymentId: paymentIds[index] as string },
    });
    const headers = { "FastPass-Signature": signWebhook(WEBHOOK_KEY, body, Math.floor(Date.now() / 1_000)) };
    return world.request("POST", "/payments/webhooks/sandbox", null, { body, headers });
  }

  async function webhook(index: number, word: "succeeded" | "failed", times: number): Promise<void> {
    if (!(await book(index, word))) return;
    model.told(index, word);
    const eventId = randomUUID();
    const answers = await Promise.all(Array.from({ length: times }, () => tell(index, word, eventId)));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(times).fill(200));
  }

  /** A gateway whose connections are gone once the provider has, or has not, heard of the charge. */
  async function payAndDie(fan: Fan, reservationId: string, arrives: boolean): Promise<void> {
    const doomed = await openWorld({
      beside: world,
      redlock: false,
      jobs: { add: async () => undefined },
      providers: (sandbox) => [
        {
          ...sandbox,
          async charge(charge, signal) {
            if (arrives) await sandbox.charge(charge, signal);
            await doomed.db.destroy();
            throw new Error("it died here");
          },
        },
      ],
    });
    const answer = await doomed.pay(fan, reservationId, "success");
    expect(answer.status, answer.text).to.be.at.least(500);
    await doomed.close();
  }

  /** Both are sent before either is answered. */
  async function together(both: readonly [Single, Single]): Promise<void> {
    const [first, second] = [await prepare(both[0]), await prepare(both[1])];
    if (!first || !second) return;
    const answers = await Promise.all([first.send(), second.send()]);
    const left = await look();
    const after = explain(model, [first.ways, second.ways], { answers, left });
    if (!after)
      throw new Error(
        `no order explains ${JSON.stringify({ answers, before: model.print(), left }, undefined, 2)}`,
      );
    model = after;
  }

  /** @returns null when there is nothing yet that it could be about. */
  async function prepare(single: Single): Promise<{ ways: Ways; send(): Promise<string> } | null> {
    if (single.do === "hold") {
      const { fan, seats } = single;
      const send = (key: string) => world.hold(fanOf(fan), hall, seats, { "Idempotency-Key": key });
      return { ways: asHold(fan, seats), send: () => keyed(send).then(kindOf) };
    }
    if (single.do === "lateMoney") {
      const payment = pick(model.payments, single.payment);
      if (payment === null || !(await book(payment, "succeeded"))) return null;
      const ways = inOneStep((one) => {
        one.told(payment, "succeeded");
        return "200";
      });
      return { ways, send: () => tell(payment, "succeeded").then(kindOf) };
    }
    const index = pick(model.reservations, single.reservation);
    if (index === null) return null;
    const id = idOf(index);
    if (single.do === "job") {
      return { ways: asJob(model, index), send: () => world.reservations.expire(id).then(() => "") };
    }
    const fan = askerOf(single.fan, index);
    if (single.do === "pay") {
      const { card } = single;
      const send = (key: string) => world.pay(fanOf(fan), id, methodOf(card), key);
      return { ways: asPayment(fan, index, card), send: () => keyed(send).then(kindOf) };
    }
    if (single.do === "refund") {
      const send = (key: string) => world.refund(fanOf(fan), id, key);
      return { ways: inOneStep((one) => one.refund(fan, index)), send: () => keyed(send).then(kindOf) };
    }
    const send = () => world.request("DELETE", `/reservations/${id}`, fanOf(fan));
    return { ways: inOneStep((one) => one.cancel(fan, index)), send: () => send().then(kindOf) };
  }

  /** What stands in the database, in the model's words; notes the ids of what is new. */
  async function look(): Promise<Print> {
    const { rows: reservations } = await world.db.raw(
      `SELECT r.id, r.user_id, r.status, array_agg(rs.ordinal ORDER BY rs.ordinal) AS seats
       FROM reservations r JOIN reservation_seats rs ON rs.reservation_id = r.id
       WHERE r.performance_id = ? GROUP BY r.id ORDER BY r.id`,
      [hall.id],
    );
    reservationIds = reservations.map(({ id }: { id: string }) => id);
    const { rows: payments } = await world.db.raw(
      `SELECT p.id, p.reservation_id, p.status, f.ends_reservation AS ends, f.status = 'succeeded' AS done
       FROM payments p LEFT JOIN refunds f ON f.payment_id = p.id
       WHERE p.reservation_id = ANY (?::uuid[]) ORDER BY p.id`,
      [reservationIds],
    );
    paymentIds = payments.map(({ id }: { id: string }) => id);
    const numberOf = (userId: string) => fans.findIndex((fan) => fan.userId === userId);
    return {
      reservations: reservations.map(
        (row: { user_id: string; seats: number[]; status: string }) =>
          `${numberOf(row.user_id)} [${row.seats}] ${row.status}`,
      ),
      payments: payments.map(
        (row: { reservation_id: string; status: string; ends: boolean | null; done: boolean | null }) =>
          `of ${reservationIds.indexOf(row.reservation_id)} ${row.status}${row.ends === null ? "" : printRefund(row.ends, row.done ?? false)}`,
      ),
    };
  }

  async function compare(): Promise<void> {
    expect(await look()).to.deep.equal(model.print());
    expect(await world.letters(hall), "seats").to.equal(model.letters(SEATS));
  }

  return {
    async step(action: Action): Promise<void> {
      await act(action);
      await compare();
    },
  };
}
