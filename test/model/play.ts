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
import { type Action, CAP, FANS, histories, SEATS } from "./actions.ts";
import { Model, type Payment, type Reservation } from "./model.ts";

const CALL_TIMEOUT_MS = 100;

export interface PlayOptions {
  readonly runs: number;
  readonly longest: number;
  /** Of the histories; a random one when absent. Set MODEL_SEED to play those of an earlier run. */
  readonly seed?: number;
  /** Rooms with a planted bug. */
  readonly planted?: WorldOptions;
}

/** @throws with the seed and the shortest history that goes wrong. */
export async function playHistories({ runs, longest, planted, seed = seedOf() }: PlayOptions): Promise<void> {
  const world = await openWorld({ ...planted, timing: { callTimeoutMs: CALL_TIMEOUT_MS } });
  process.stdout.write(`        seed ${seed} (MODEL_SEED=${seed} plays the same histories)\n`);
  try {
    await fc.assert(
      fc.asyncProperty(histories(longest), (history) => play(world, history)),
      { seed, numRuns: runs, endOnFailure: false, interruptAfterTimeLimit: 300_000 },
    );
  } finally {
    await world.close();
  }
}

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
  const model = new Model(CAP);
  const hall: Hall = await world.makeHall({ rows: 1, seatsPerRow: SEATS, maxSeatsPerFan: CAP });
  const fans: Fan[] = await world.makeFans(FANS);
  /** By the model's numbers. */
  const reservationIds: string[] = [];
  const paymentIds: string[] = [];
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

  async function noteNewPayments(): Promise<void> {
    if (paymentIds.length === model.payments.length) return;
    const { reservation } = model.payments.at(-1) as Payment;
    const newest = await world
      .db("payments")
      .where({ reservation_id: idOf(reservation) })
      .orderBy("id", "desc")
      .first("id");
    paymentIds.push(newest.id);
  }

  async function act(action: Action): Promise<void> {
    switch (action.do) {
      case "hold": {
        const expected = model.hold(action.fan, action.seats);
        const answer = await keyed((key) =>
          world.hold(fanOf(action.fan), hall, action.seats, { "Idempotency-Key": key }),
        );
        expect(kindOf(answer)).to.equal(expected);
        if (answer.status === 201) reservationIds.push(answer.body.id);
        return;
      }
      case "leave": {
        const expected = model.leave(action.fan);
        const outcome = await world.reservations.releaseHoldsOf(fanOf(action.fan).userId, hall.id);
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
        const method = {
          type: "sandbox",
          card: action.card,
          ...(action.card === "undecided" && { settleAfterSeconds: 600 }),
        };
        expect(kindOf(await keyed((key) => world.pay(fanOf(fan), id, method, key)))).to.equal(expected);
        await noteNewPayments();
        return;
      }
      case "payAndDie": {
        const { fan } = model.reservations[index] as Reservation;
        if (!model.payAndDie(fan, index, action.arrives)) return;
        await payAndDie(fanOf(fan), id, action.arrives);
        await noteNewPayments();
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
        model.expire(index);
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

  /** The provider never takes its own word back: "failed" is only said of what it has not taken. */
  async function webhook(index: number, word: "succeeded" | "failed", times: number): Promise<void> {
    const payment = model.payments[index] as Payment;
    if (payment.booked === "unknown" || payment.booked === "cancelled") return;
    if (word === "failed" && payment.booked === "succeeded") return;
    payment.booked = word;
    const paymentId = paymentIds[index] as string;
    await world
      .db("sandbox_charges")
      .where({ payment_id: paymentId })
      .update({ status: word, settles_at: null });
    model.told(index, word);
    const body = JSON.stringify({ id: randomUUID(), type: `payment.${word}`, data: { paymentId } });
    const headers = { "FastPass-Signature": signWebhook(WEBHOOK_KEY, body, Math.floor(Date.now() / 1_000)) };
    const send = () => world.request("POST", "/payments/webhooks/sandbox", null, { body, headers });
    const answers = await Promise.all(Array.from({ length: times }, send));
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

  async function compare(): Promise<void> {
    expect(await world.letters(hall), "seats").to.equal(model.letters(SEATS));
    const statuses = await world
      .db("reservations")
      .where({ performance_id: hall.id })
      .orderBy("id")
      .pluck("status");
    expect(statuses, "reservations").to.deep.equal(model.reservations.map(({ status }) => status));
    const rows = await world.db("payments").whereIn("id", paymentIds).select("id", "status");
    const real = new Map(rows.map(({ id, status }) => [id, status]));
    expect(
      paymentIds.map((id) => real.get(id)),
      "payments",
    ).to.deep.equal(model.payments.map(({ status }) => status));
  }

  return {
    async step(action: Action): Promise<void> {
      await act(action);
      await compare();
    },
  };
}
