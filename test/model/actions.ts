/** What can happen next, as plain data, so that a history can be shrunk and played again. */
import fc from "fast-check";
import type { Card } from "./model.ts";

/** What may be asked at the same time as something else. */
export type Single =
  | { readonly do: "hold"; readonly fan: number; readonly seats: readonly number[] }
  | { readonly do: "pay"; readonly fan: number | "owner"; readonly reservation: number; readonly card: Card }
  | { readonly do: "cancel" | "refund"; readonly fan: number | "owner"; readonly reservation: number }
  | { readonly do: "job"; readonly reservation: number }
  | { readonly do: "lateMoney"; readonly payment: number };

/** Numbers name one of what there is, counted round. */
export type Action =
  | { readonly do: "together"; readonly both: readonly [Single, Single] }
  | { readonly do: "hold"; readonly fan: number; readonly seats: readonly number[] }
  | { readonly do: "pay"; readonly fan: number | "owner"; readonly reservation: number; readonly card: Card }
  | { readonly do: "payAndDie"; readonly reservation: number; readonly arrives: boolean }
  | { readonly do: "cancel" | "refund" | "get"; readonly fan: number | "owner"; readonly reservation: number }
  | { readonly do: "lapse" | "job" | "checkIn"; readonly reservation: number }
  | {
      readonly do: "webhook";
      readonly payment: number;
      readonly word: "succeeded" | "failed";
      readonly times: number;
    }
  | { readonly do: "leave"; readonly fan: number }
  | { readonly do: "retry"; readonly request: number }
  | { readonly do: "sweep" | "reconcile" };

export const FANS = 4;
export const SEATS = 8;
export const CAP = 3;

const number = fc.nat({ max: 999 });
/** Mostly the owner: what strangers may not do is soon shown. */
const asker = fc.oneof(
  { weight: 9, arbitrary: fc.constant("owner" as const) },
  { weight: 1, arbitrary: fc.nat({ max: FANS - 1 }) },
);
const fan = fc.nat({ max: FANS - 1 });
const seats = fc.uniqueArray(fc.nat({ max: SEATS - 1 }), { minLength: 1, maxLength: CAP + 1 });
const card = fc.constantFrom<Card>("success", "success", "declined", "declined", "undecided", "lost_reply");
const of = fc.record;

const single: fc.Arbitrary<Single> = fc.oneof(
  { weight: 4, arbitrary: of({ do: fc.constant("hold" as const), fan, seats }) },
  {
    weight: 4,
    arbitrary: of({ do: fc.constant("pay" as const), fan: asker, reservation: number, card }),
  },
  { weight: 2, arbitrary: of({ do: fc.constant("cancel" as const), fan: asker, reservation: number }) },
  { weight: 2, arbitrary: of({ do: fc.constant("refund" as const), fan: asker, reservation: number }) },
  { weight: 1, arbitrary: of({ do: fc.constant("job" as const), reservation: number }) },
  { weight: 2, arbitrary: of({ do: fc.constant("lateMoney" as const), payment: number }) },
);
/** Half of them meet: they are about the same reservation, or two holds of the same fan. */
const together: fc.Arbitrary<Action> = fc
  .tuple(single, single, fc.boolean())
  .map(([first, second, meet]) => ({
    do: "together",
    both: [first, meet ? meeting(first, second) : second],
  }));

function meeting(first: Single, second: Single): Single {
  if (first.do === "hold" && second.do === "hold") return { ...second, fan: first.fan };
  if ("reservation" in first && "reservation" in second) return { ...second, reservation: first.reservation };
  return second;
}

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: together },
  { weight: 10, arbitrary: of({ do: fc.constant("hold" as const), fan, seats }) },
  { weight: 8, arbitrary: of({ do: fc.constant("pay" as const), fan: asker, reservation: number, card }) },
  {
    weight: 1,
    arbitrary: of({ do: fc.constant("payAndDie" as const), reservation: number, arrives: fc.boolean() }),
  },
  { weight: 3, arbitrary: of({ do: fc.constant("cancel" as const), fan: asker, reservation: number }) },
  { weight: 3, arbitrary: of({ do: fc.constant("refund" as const), fan: asker, reservation: number }) },
  { weight: 2, arbitrary: of({ do: fc.constant("get" as const), fan: asker, reservation: number }) },
  { weight: 5, arbitrary: of({ do: fc.constant("lapse" as const), reservation: number }) },
  { weight: 2, arbitrary: of({ do: fc.constant("job" as const), reservation: number }) },
  { weight: 1, arbitrary: of({ do: fc.constant("checkIn" as const), reservation: number }) },
  {
    weight: 6,
    arbitrary: of({
      do: fc.constant("webhook" as const),
      payment: number,
      word: fc.constantFrom("succeeded" as const, "failed" as const),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: of({ do: fc.constant("leave" as const), fan }) },
  { weight: 3, arbitrary: of({ do: fc.constant("retry" as const), request: number }) },
  { weight: 1, arbitrary: of({ do: fc.constant("sweep" as const) }) },
  { weight: 3, arbitrary: of({ do: fc.constant("reconcile" as const) }) },
);

/** @param longest how many actions at most. */
export const histories = (longest: number) =>
  fc.array(action, { minLength: Math.ceil(longest / 3), maxLength: longest, size: "max" });
