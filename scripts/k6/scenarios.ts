/**
 * The scenarios: how large each is, what has to stand before it, and what must be true in the books after it, beside
 * what must be true after all of them. What the fans do is in `k6/NAME.ts`.
 */
import type { Database } from "../../src/platform/postgres.ts";
import { type Check, check } from "../demo/checks/check.ts";

export type Size = Readonly<Record<string, number>>;

export interface Show {
  readonly rows: number;
  readonly seatsPerRow: number;
  readonly holdSeconds: number;
  readonly queue: {
    readonly ratePerMinute: number;
    readonly maxActive: number;
    readonly arrivalSeconds: number;
    readonly sessionSeconds: number;
    readonly graceSeconds: number;
    readonly overbook?: number;
  };
}

export interface Books {
  readonly db: Database;
  readonly performanceId: string;
  readonly size: Size;
}

export interface Scenario {
  readonly what: string;
  readonly size: Size;
  /** What `--small` changes: enough to see that all of it works, in seconds and on a busy machine. */
  readonly small: Size;
  /** How many accounts it takes. */
  fans(size: Size): number;
  /** Whether they are let in before the run. */
  readonly inside: boolean;
  show(size: Size): Show;
  /** What must be true in the books afterwards. */
  verify?(books: Books): Promise<Check[]>;
}

export type ScenarioName = keyof typeof SCENARIOS;

/** The most that a fan may hold at once. */
export const MOST_SEATS = 20;
const SEATS_A_ROW = 50;
/** Everybody goes in who comes. */
const OPEN_DOORS = {
  ratePerMinute: 60_000,
  maxActive: 1_000_000,
  arrivalSeconds: 600,
  sessionSeconds: 3_600,
  graceSeconds: 600,
  overbook: 10,
} as const;

const hall = (seats: number) => ({ rows: Math.ceil(seats / SEATS_A_ROW), seatsPerRow: SEATS_A_ROW });

async function countOf(db: Database, performanceId: string, status: string): Promise<number> {
  const { rows } = await db.raw(
    "SELECT count(*)::int AS count FROM reservations WHERE performance_id = ? AND status = ?",
    [performanceId, status],
  );
  return rows[0].count;
}

async function exactly(books: Books, status: string, expected: number): Promise<Check> {
  const count = await countOf(books.db, books.performanceId, status);
  const name = `${expected.toLocaleString("en")} reservations are ${status}`;
  return check(name, count === expected ? [] : [`there are ${count}`]);
}

function seed(users: number): Scenario {
  // A user posts once a second in the mean, and by chance somewhat more often.
  const postsOf = (seconds: number) => Math.ceil(seconds * 1.2) + 5;
  return {
    what: `${users} virtual users post reservations at once, a second of thought between two`,
    size: { users, seconds: 30, holdsAFan: 18, warmUpPosts: 1_000 },
    small: { users: users / 5, seconds: 5, warmUpPosts: 100 },
    // A user is the next fan before the cap is met.
    fans: ({ users: each = 0, seconds = 0, holdsAFan = 1, warmUpPosts = 0 }) =>
      each * Math.ceil(postsOf(seconds) / holdsAFan) + Math.ceil(warmUpPosts / holdsAFan),
    inside: true,
    show: ({ users: each = 0, seconds = 0, warmUpPosts = 0 }) => ({
      ...hall(each * postsOf(seconds) + warmUpPosts),
      holdSeconds: 600,
      queue: OPEN_DOORS,
    }),
  };
}

export const SCENARIOS = {
  smoke: {
    what: "a few fans go the whole way and look at everything on it",
    size: { users: 5 },
    small: { users: 2 },
    fans: ({ users = 0 }) => users,
    inside: false,
    show: () => ({ ...hall(100), holdSeconds: 60, queue: { ...OPEN_DOORS, ratePerMinute: 600 } }),
  },
  "seed-50": seed(50),
  "seed-500": seed(500),
  // As many inside as the checkout takes at once, which is what a queue is for: these fans do not stop to think.
  stampede: {
    what: "thousands join within seconds, follow their place over WebSocket, and buy when it is their turn",
    size: {
      fans: 5_000,
      users: 50,
      burstSeconds: 10,
      ratePerMinute: 4_500,
      maxActive: 100,
      mostSeconds: 300,
    },
    small: { fans: 300, users: 6, burstSeconds: 3 },
    fans: ({ fans = 0 }) => fans,
    inside: false,
    show: ({ fans = 0, ratePerMinute = 1, maxActive = 1 }) => ({
      ...hall(fans * 1.1),
      holdSeconds: 120,
      queue: {
        ratePerMinute,
        maxActive,
        arrivalSeconds: 60,
        sessionSeconds: 300,
        graceSeconds: 300,
      },
    }),
    verify: async (books) => [await exactly(books, "CONFIRMED", books.size.fans ?? 0)],
  },
  "hot-seat": {
    what: "everybody wants the same seat at the same instant, round after round",
    size: { users: 500, rounds: 10, roundMs: 2_000 },
    small: { users: 100, rounds: 4 },
    fans: ({ users = 0 }) => users,
    inside: true,
    show: ({ rounds = 0 }) => ({ ...hall(Math.max(100, rounds)), holdSeconds: 600, queue: OPEN_DOORS }),
    verify: async (books) => [await exactly(books, "HELD", books.size.rounds ?? 0)],
  },
  "best-available-herd": {
    what: "160 parties ask for the best seats at the same instant, round after round",
    size: { users: 160, rounds: 5, roundMs: 4_000 },
    small: { rounds: 2 },
    fans: ({ users = 0 }) => users,
    inside: true,
    show: () => ({ ...hall(8_000), holdSeconds: 600, queue: OPEN_DOORS }),
  },
  abandon: {
    what: "35 of 100 let their hold lapse, and others buy those seats",
    size: { fans: 1_000, users: 25, burstSeconds: 5, seats: 500, holdSeconds: 5, mostSeconds: 240 },
    small: { fans: 120, users: 6, seats: 50 },
    fans: ({ fans = 0 }) => fans,
    inside: false,
    show: ({ seats = 0, holdSeconds = 0 }) => ({
      ...hall(seats),
      holdSeconds,
      queue: {
        ratePerMinute: 3_000,
        maxActive: 200,
        arrivalSeconds: 30,
        // Who walked away counts as inside until the session is over, and seats are kept for them until then.
        sessionSeconds: holdSeconds * 3,
        graceSeconds: 60,
        overbook: 1,
      },
    }),
    verify: async (books) => [
      await exactly(books, "CONFIRMED", Math.ceil((books.size.seats ?? 0) / SEATS_A_ROW) * SEATS_A_ROW),
    ],
  },
  "reconnect-storm": {
    what: "every socket of a long line breaks at once and comes back, round after round",
    size: { fans: 2_000, users: 40, rounds: 3, joinMs: 20_000, roundMs: 8_000 },
    small: { fans: 300, users: 6, rounds: 2, joinMs: 8_000 },
    fans: ({ fans = 0 }) => fans,
    inside: false,
    show: () => ({
      ...hall(1_000),
      holdSeconds: 60,
      // Two go in while it lasts, and nobody who waits has to leave.
      queue: {
        ratePerMinute: 1,
        maxActive: 1,
        arrivalSeconds: 3_600,
        sessionSeconds: 7_200,
        graceSeconds: 3_600,
      },
    }),
  },
  soak: {
    what: "an ordinary evening: fans come at a steady pace for as long as you like",
    size: { seconds: 600, fansASecond: 20, users: 200 },
    small: { seconds: 10, fansASecond: 10, users: 50 },
    fans: ({ seconds = 0, fansASecond = 0 }) => seconds * fansASecond + 10,
    inside: false,
    show: ({ seconds = 0, fansASecond = 0 }) => ({
      ...hall(Math.min(50_000, seconds * fansASecond)),
      holdSeconds: 30,
      queue: {
        ratePerMinute: Math.min(60_000, fansASecond * 90),
        // Who walks away stays inside until the session is over.
        maxActive: 2_000,
        arrivalSeconds: 60,
        sessionSeconds: 120,
        graceSeconds: 60,
      },
    }),
  },
} as const satisfies Record<string, Scenario>;

export const sizeOf = (name: ScenarioName, changes: Size, isSmall = false): Size => {
  const { size, small }: Scenario = SCENARIOS[name];
  return { ...size, ...(isSmall ? small : {}), ...changes };
};
