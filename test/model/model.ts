/**
 * What reservations and payments should do, in the smallest words: plain objects, no time but "lapsed or not", no
 * concurrency. Each method does to the model what the same request does to the real thing, and says what it answers.
 */
export type Status = "HELD" | "PAYING" | "CONFIRMED" | "EXPIRED" | "CANCELLED" | "REFUNDING" | "REFUNDED";
export type Card = "success" | "declined" | "undecided" | "lost_reply";
/** What the provider's books say. */
export type Booked = "succeeded" | "failed" | "pending" | "cancelled" | "unknown";

export interface Reservation {
  readonly fan: number;
  readonly seats: readonly number[];
  status: Status;
  /** Its deadline is over; says nothing unless it is HELD or PAYING. */
  lapsed: boolean;
  checkedIn: boolean;
}

export interface Payment {
  readonly reservation: number;
  status: "pending" | "succeeded" | "failed" | "cancelled";
  booked: Booked;
  /** Of this payment's money; `ends`: the reservation ends with it. */
  refund: { ends: boolean; done: boolean } | null;
}

export interface Print {
  /** In the order of their making: whose, which seats, its state. */
  readonly reservations: readonly string[];
  /** In the order of their making: of which reservation, its state, its refund. */
  readonly payments: readonly string[];
}

export class Model {
  readonly reservations: Reservation[];
  readonly payments: Payment[];
  readonly #cap: number;

  constructor(cap: number, reservations: Reservation[] = [], payments: Payment[] = []) {
    this.#cap = cap;
    this.reservations = reservations;
    this.payments = payments;
  }

  copy(): Model {
    return new Model(this.#cap, structuredClone(this.reservations), structuredClone(this.payments));
  }

  hold(fan: number, seats: readonly number[]): string {
    if (seats.length > this.#cap) return "409 SEAT_LIMIT";
    const inTheWay = this.#on(seats);
    if (inTheWay.some((one) => !isOver(one))) return "409 SEAT_TAKEN";
    if (this.#owned(fan) + seats.length > this.#cap) return "409 SEAT_LIMIT";
    for (const one of inTheWay) one.status = "EXPIRED";
    this.reservations.push({ fan, seats, status: "HELD", lapsed: false, checkedIn: false });
    return "201";
  }

  pay(fan: number, index: number, card: Card): string {
    const begun = this.beginPay(fan, index, card);
    return typeof begun === "string" ? begun : this.endPay(begun, card);
  }

  /** The claim. @returns what the request is refused with, or the payment's number. */
  beginPay(fan: number, index: number, card: Card): string | number {
    const one = this.#payable(index);
    if (one.fan !== fan) return "404 NOT_FOUND";
    if (one.status === "PAYING") return "409 PAYMENT_IN_PROGRESS";
    if (one.status === "HELD" && one.lapsed) one.status = "EXPIRED";
    if (one.status === "EXPIRED" || one.status === "CANCELLED") return "409 HOLD_EXPIRED";
    if (one.status !== "HELD") return "409 ALREADY_CONFIRMED";
    one.status = "PAYING";
    const booked = (
      { success: "succeeded", lost_reply: "succeeded", declined: "failed", undecided: "pending" } as const
    )[card];
    const payment: Payment = { reservation: index, status: "pending", booked, refund: null };
    return this.payments.push(payment) - 1;
  }

  /** What the provider answered to the request itself. */
  endPay(payment: number, card: Card): string {
    if (card === "undecided" || card === "lost_reply") return "202";
    this.told(payment, card === "success" ? "succeeded" : "failed");
    return card === "success" ? "201" : "402 PAYMENT_DECLINED";
  }

  /** As `pay`, and the gateway dies before it can write down what the provider said. */
  payAndDie(fan: number, index: number, arrives: boolean): boolean {
    const one = this.reservations[index] as Reservation;
    if (one.fan !== fan || one.status !== "HELD" || one.lapsed) return false;
    this.#payable(index);
    one.status = "PAYING";
    this.payments.push({
      reservation: index,
      status: "pending",
      booked: arrives ? "succeeded" : "unknown",
      refund: null,
    });
    return true;
  }

  /** The provider's word. */
  told(index: number, word: "succeeded" | "failed" | "cancelled"): void {
    const payment = this.payments[index] as Payment;
    const one = this.#payable(payment.reservation);
    const decided = payment.status !== "pending";
    if (payment.status === "succeeded" || (decided && word !== "succeeded")) return;
    payment.status = word;
    if (word !== "succeeded") {
      if (one.status === "PAYING") one.status = one.lapsed ? "EXPIRED" : "HELD";
      return;
    }
    if (one.status === "HELD" && isOver(one)) one.status = "EXPIRED";
    if (one.status === "HELD" || (one.status === "PAYING" && !decided)) one.status = "CONFIRMED";
    else if (one.status === "EXPIRED" || one.status === "CANCELLED") this.#paidLate(one, payment);
    else payment.refund = { ends: false, done: false };
  }

  #paidLate(one: Reservation, payment: Payment): void {
    const free = this.#on(one.seats).length === 0;
    if (free && this.#owned(one.fan) + one.seats.length <= this.#cap) {
      one.status = "CONFIRMED";
      return;
    }
    one.status = "REFUNDING";
    payment.refund = { ends: true, done: false };
  }

  cancel(fan: number, index: number): string {
    const one = this.reservations[index] as Reservation;
    if (one.fan !== fan) return "404 NOT_FOUND";
    if (one.status === "PAYING") return "409 PAYMENT_IN_PROGRESS";
    if (one.status === "HELD") one.status = "CANCELLED";
    return one.status === "CANCELLED" || one.status === "EXPIRED" ? "204" : "409 ALREADY_CONFIRMED";
  }

  refund(fan: number, index: number): string {
    const one = this.#payable(index);
    if (one.fan !== fan) return "404 NOT_FOUND";
    if (one.status !== "CONFIRMED" || one.checkedIn) return "409 NOT_REFUNDABLE";
    one.status = "REFUNDING";
    const kept = this.payments.find(
      (payment) => payment.reservation === index && payment.status === "succeeded" && !payment.refund,
    ) as Payment;
    kept.refund = { ends: true, done: false };
    return "201";
  }

  leave(fan: number): string {
    const live = this.reservations.filter(
      (one) => one.fan === fan && isLive(one) && one.status !== "CONFIRMED",
    );
    if (live.some(({ status }) => status === "PAYING")) return "PAYMENT_IN_PROGRESS";
    for (const one of live) one.status = "CANCELLED";
    return "left";
  }

  get(fan: number, index: number): string {
    const one = this.reservations[index] as Reservation;
    if (one.fan !== fan) return "404 NOT_FOUND";
    this.expire(index);
    return `200 ${one.status}`;
  }

  lapse(index: number): boolean {
    const one = this.reservations[index] as Reservation;
    if (one.status !== "HELD" && one.status !== "PAYING") return false;
    one.lapsed = true;
    return true;
  }

  expire(index: number): void {
    const one = this.reservations[index] as Reservation;
    if (isOver(one)) one.status = "EXPIRED";
  }

  /** The job of one past its deadline, be it being paid, ends whatever is over. */
  job(index: number): void {
    if (this.isDue(index)) this.sweep();
  }

  isDue(index: number): boolean {
    const { lapsed, status } = this.reservations[index] as Reservation;
    return lapsed && (status === "HELD" || status === "PAYING");
  }

  /** @param locked those that others have locked just then. */
  sweep(locked: ReadonlySet<number> = new Set()): void {
    for (const index of this.reservations.keys()) if (!locked.has(index)) this.expire(index);
  }

  checkIn(index: number): boolean {
    const one = this.reservations[index] as Reservation;
    if (one.status !== "CONFIRMED") return false;
    one.checkedIn = true;
    return true;
  }

  /** Everything undecided is asked about, long after it began, and every refund is sent. */
  reconcile(): void {
    for (const [index, payment] of this.payments.entries()) {
      if (payment.status !== "pending" || payment.booked === "pending") continue;
      if (payment.booked === "unknown") payment.booked = "cancelled";
      this.told(index, payment.booked);
    }
    for (const { reservation, refund } of this.payments) {
      if (!refund || refund.done) continue;
      refund.done = true;
      if (refund.ends) (this.reservations[reservation] as Reservation).status = "REFUNDED";
    }
  }

  /** All that must be found in the database too. */
  print(): Print {
    return {
      reservations: this.reservations.map(
        ({ fan, seats, status }) => `${fan} [${[...seats].sort((a, b) => a - b)}] ${status}`,
      ),
      payments: this.payments.map(({ reservation, status, refund }) => {
        return `of ${reservation} ${status}${refund ? printRefund(refund.ends, refund.done) : ""}`;
      }),
    };
  }

  /** One letter a seat. */
  letters(seatCount: number): string {
    return Array.from({ length: seatCount }, (_, seat) => {
      const owner = this.#on([seat])[0];
      if (!owner) return "A";
      return owner.status === "CONFIRMED" ? "O" : "H";
    }).join("");
  }

  /** Those that are over and stand in the way of an ended one's seats are ended before its payment is looked at. */
  #payable(index: number): Reservation {
    const one = this.reservations[index] as Reservation;
    if (one.status === "EXPIRED" || one.status === "CANCELLED")
      for (const other of this.#on(one.seats)) if (isOver(other)) other.status = "EXPIRED";
    return one;
  }

  #on(seats: readonly number[]): Reservation[] {
    return this.reservations.filter((one) => isLive(one) && one.seats.some((seat) => seats.includes(seat)));
  }

  #owned(fan: number): number {
    return this.reservations
      .filter((one) => one.fan === fan && isLive(one) && !isOver(one))
      .reduce((sum, { seats }) => sum + seats.length, 0);
  }
}

const isLive = ({ status }: Reservation): boolean => ["HELD", "PAYING", "CONFIRMED"].includes(status);
const isOver = ({ status, lapsed }: Reservation): boolean => status === "HELD" && lapsed;

export const printRefund = (ends: boolean, done: boolean): string =>
  `, ${done ? "given" : "being given"} back${ends ? ", which ends it" : ""}`;
