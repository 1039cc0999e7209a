/**
 * Bugs that someone could write, each planted in the SQL or handed in where a dependency goes. The suite is worth
 * something only if its checks find every one of them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { WorldOptions } from "../reservations/world.ts";

export interface PlantedBug {
  readonly name: string;
  readonly options: WorldOptions;
}

/** One statement and what becomes of a part of its text. */
type Change = readonly [statement: string, from: string | RegExp, to: string];

const NOTHING = "";

/** @throws Error when a text is not there: a bug that was not planted would prove nothing. */
function inSql(name: string, changes: readonly Change[], more: WorldOptions = {}): PlantedBug {
  const transform = (statement: string, sql: string) =>
    changes
      .filter(([named]) => named === statement)
      .reduce((text, [, from, to]) => {
        const changed = typeof from === "string" ? text.replaceAll(from, to) : text.replace(from, to);
        if (changed === text) throw new Error(`${name}: ${statement} has no ${String(from)}`);
        return changed;
      }, sql);
  return { name, options: { ...more, statements: { transform } } };
}

const UNLOCKED = { redlock: false } as const;

export const PLANTED_BUGS: readonly PlantedBug[] = [
  inSql("a hold that does not raise the seat's version", [
    ["take-seats", "version = s.version + 1", "version = s.version"],
  ]),
  inSql("a hold that does not look at the seat's status", [
    ["take-seats", " AND s.status = 'AVAILABLE'", NOTHING],
  ]),
  inSql("a hold that does not look at the seat's version", [
    ["take-seats", "AND s.version = w.version AND", "AND"],
  ]),
  inSql(
    "a hold that reads without locking and skips the row count",
    [
      ["lock-seats", "FOR NO KEY UPDATE", NOTHING],
      ["take-seats", "(SELECT count(*)::int FROM taken) AS taken", "cardinality(:ordinals::int[]) AS taken"],
    ],
    UNLOCKED,
  ),
  inSql("a group that gives what it could not have", [
    ["take-group", "WHERE a.free = a.seats", "WHERE true"],
    [
      "take-group",
      "(SELECT count(*)::int FROM taken t WHERE t.id = h.id) AS taken",
      "cardinality(:ordinals::int[]) AS taken",
    ],
  ]),
  inSql("a group that takes seats which are not free", [
    ["take-group", "AND s.status = (SELECT 'AVAILABLE')", NOTHING],
    ["take-group", "AND s.version = l.version AND s.status = 'AVAILABLE'", "AND s.version = l.version"],
  ]),
  inSql("a group that does not count what a fan has", [["take-group", "<= h.cap", "<= h.cap + 100"]]),
  inSql("a group that does not raise the seat's version", [
    ["take-group", "version = s.version + 1", "version = s.version"],
  ]),
  inSql("a release of whatever state the reservation is in", [
    ["lock-lapsed", "WHERE status = 'HELD' AND", "WHERE"],
    ["end-reservations", " AND r.status = :from", " AND :from <> ''"],
  ]),
  inSql("a release of the seat, whoever has it now", [
    [
      "end-reservations",
      "rs.reservation_id = ended.id AND coalesce(rs.released_at, 'infinity') = 'infinity'",
      "rs.reservation_id = ended.id",
    ],
    [
      "end-reservations",
      " AND r.version = named.version AND r.status = :from",
      " AND named.version > 0 AND :from <> ''",
    ],
    [
      "end-reservations",
      "AND s.reservation_id = l.reservation_id AND s.status = :seatFrom",
      "AND :seatFrom <> ''",
    ],
  ]),
  inSql("a takeover that frees one seat of several", [
    [
      "end-reservations",
      "rs.reservation_id = ended.id AND coalesce(rs.released_at, 'infinity') = 'infinity'",
      "rs.reservation_id = ended.id AND coalesce(rs.released_at, 'infinity') = 'infinity' AND rs.ordinal = (SELECT min(o.ordinal) FROM reservation_seats o WHERE o.reservation_id = ended.id)",
    ],
  ]),
  inSql("a change that forgets to ask for the owner", [
    [
      "lock-reservation",
      "(:userId::uuid IS NULL OR user_id = :userId::uuid)",
      "(:userId::uuid IS NULL OR true)",
    ],
  ]),
  inSql(
    "the cap counted in the statement that waits for the fan's lock",
    [
      [
        "survey-hold",
        "WITH lapsed AS MATERIALIZED (",
        "WITH fan AS MATERIALIZED (SELECT id FROM users WHERE id = :userId::uuid FOR NO KEY UPDATE), lapsed AS MATERIALIZED (",
      ],
      [
        "survey-hold",
        "FROM reservations r JOIN reservation_seats rs ON",
        "FROM fan, reservations r JOIN reservation_seats rs ON",
      ],
    ],
    { ...UNLOCKED, lockFan: async () => undefined },
  ),
  { name: "no lock on the fan at all", options: { ...UNLOCKED, lockFan: async () => undefined } },
  inSql("a transition that is not written down", [
    [
      "confirm-reservation",
      "'HELD', 'OCCUPIED', reservation_id, :cause, :now::timestamptz FROM occupied",
      "'HELD', 'OCCUPIED', reservation_id, :cause, :now::timestamptz FROM occupied WHERE false",
    ],
  ]),
  inSql("a paid seat that stays held", [
    ["confirm-reservation", "SET status = 'OCCUPIED'", "SET status = 'HELD'"],
  ]),
  inSql("a payment that begins after the deadline", [
    ["begin-payment", " AND expires_at > :now::timestamptz", NOTHING],
  ]),
  inSql("an extension with every payment", [
    ["begin-payment", "coalesce(extended_until,\n", "coalesce(NULL,\n"],
    ["begin-payment", "CASE WHEN extended_until IS NULL", "CASE WHEN true"],
  ]),
  inSql("a payment settled from any state", [["settle-payment", " AND status = :from", " AND :from <> ''"]]),
  inSql("a webhook's event that is new each time", [
    ["record-event", "DO NOTHING", "DO UPDATE SET received_at = clock_timestamp()"],
  ]),
  inSql("a refund that ends nothing", [
    ["insert-refund", ":endsReservation::boolean", "(:endsReservation::boolean AND false)"],
  ]),
  inSql("an idempotency key that is forgotten at once", [["find-idempotency", "WHERE ", "WHERE false AND "]]),
  inSql("a ticket that stays good after the refund", [
    ["void-tickets", "SET voided_at = :now::timestamptz", "SET voided_at = NULL"],
  ]),
  {
    name: "a lost answer taken for a no",
    options: {
      providers: (sandbox) => [
        {
          ...sandbox,
          charge: (charge) =>
            Promise.race([
              sandbox.charge(charge, new AbortController().signal),
              sleep(100, { status: "failed", providerId: null } as const),
            ]),
        },
      ],
    },
  },
];
