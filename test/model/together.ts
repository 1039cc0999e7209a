/**
 * Two requests at the same time. A request is one step of the model, or two where others may come in between, and what
 * became of both must be what some order of their steps makes of them.
 */
import { isDeepStrictEqual } from "node:util";
import type { Card, Model } from "./model.ts";

/** A request as the model takes it; made anew for each order that is tried. */
export interface Taken {
  readonly steps: readonly ((model: Model) => void)[];
  answer(): string;
}

/** The ways in which the rooms may take one request. */
export type Ways = readonly (() => Taken)[];

export function inOneStep(step: (model: Model) => string): Ways {
  return [
    () => {
      let answer = "";
      const take = (model: Model) => {
        answer = step(model);
      };
      return { steps: [take], answer: () => answer };
    },
  ];
}

/** Someone else may have the lock of a seat just then. */
export function asHold(fan: number, seats: readonly number[]): Ways {
  return [...inOneStep((model) => model.hold(fan, seats)), ...inOneStep(() => "409 SEAT_CONTENDED")];
}

/** Whoever comes at the same time may have any of them locked. The job's own is waited for in the end. */
export function asJob(model: Model, reservation: number): Ways {
  let mayBeLocked: ReadonlySet<number>[] = [new Set()];
  for (const index of model.reservations.keys())
    if (model.isDue(index))
      mayBeLocked = mayBeLocked.flatMap((locked) => [locked, new Set([...locked, index])]);
  return mayBeLocked.map((locked) => () => {
    let isDue = false;
    const look = (one: Model) => {
      isDue = one.isDue(reservation);
    };
    const endAll = (one: Model) => {
      if (isDue) one.sweep(locked);
    };
    const endOwn = (one: Model) => {
      if (isDue) one.expire(reservation);
    };
    return { steps: [look, endAll, endOwn], answer: () => "" };
  });
}

/** While the provider is asked, everybody sees PAYING. */
export function asPayment(fan: number, reservation: number, card: Card): Ways {
  return [
    () => {
      let begun: string | number = "";
      let answer = "";
      const begin = (model: Model) => {
        begun = model.beginPay(fan, reservation, card);
        if (typeof begun === "string") answer = begun;
      };
      const end = (model: Model) => {
        if (typeof begun === "number") answer = model.endPay(begun, card);
      };
      return { steps: [begin, end], answer: () => answer };
    },
  ];
}

/** @returns the model after an order that gives these answers and leaves this behind; null when there is none. */
export function explain(
  model: Model,
  [first, second]: readonly [Ways, Ways],
  seen: { readonly answers: readonly [string, string]; readonly left: unknown },
): Model | null {
  for (const takeFirst of first) {
    for (const takeSecond of second) {
      for (const order of orders(takeFirst().steps.length, takeSecond().steps.length)) {
        const tried = model.copy();
        const both = [takeFirst(), takeSecond()] as const;
        const next = [0, 0];
        for (const which of order) {
          both[which].steps[next[which] as number]?.(tried);
          next[which] = (next[which] as number) + 1;
        }
        const answers = both.map((one) => one.answer());
        if (isDeepStrictEqual(answers, seen.answers) && isDeepStrictEqual(tried.print(), seen.left))
          return tried;
      }
    }
  }
  return null;
}

/** Every way to merge `first` steps of one with `second` of the other. */
function* orders(first: number, second: number): Generator<(0 | 1)[]> {
  if (first === 0 && second === 0) yield [];
  if (first > 0) for (const rest of orders(first - 1, second)) yield [0, ...rest];
  if (second > 0) for (const rest of orders(first, second - 1)) yield [1, ...rest];
}
