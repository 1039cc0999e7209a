/** What `npm run demo` was asked for, and the on-sale that follows from it. */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { parseOrExplain, UsageError } from "../cli.ts";

export const USAGE = `npm run demo -- [options]
  --small            300 fans and 150 seats, in about half a minute
  --fans N           how many fans come (2000)
  --seats N          seats of the hall, a multiple of 50 (1200)
  --gateways N       gateway processes (1)
  --workers N        worker processes (1)
  --cluster          on a Redis Cluster of three masters
  --seed N           replays the behaviour of an earlier run; it is printed at the start
  --quiet            no live picture, only the report
  --keep-going       does not stop at the first answer that should not have come
  --url URL          uses a Fast Pass that runs already, with FASTPASS_LIMITS=off; needs --operator, and in the
                     environment its DATABASE_URL, REDIS_URL and secrets, as \`npm run fans\` does
  --operator E:P     email and password of an operator of that one`;

export interface DemoOptions {
  readonly fans: number;
  readonly seats: number;
  readonly gateways: number;
  readonly workers: number;
  readonly cluster: boolean;
  readonly seed: number;
  readonly quiet: boolean;
  readonly keepGoing: boolean;
  /** A Fast Pass that runs already; null: one of our own. */
  readonly existing: { readonly url: string; readonly email: string; readonly password: string } | null;
}

/** How the on-sale goes. */
export interface Scenario {
  /** Within how many milliseconds all fans have come. */
  readonly burstMs: number;
  readonly ratePerMinute: number;
  /** What the operator changes it to half way. */
  readonly laterRatePerMinute: number;
  readonly maxActive: number;
  readonly arrivalSeconds: number;
  readonly sessionSeconds: number;
  readonly graceSeconds: number;
  readonly holdSeconds: number;
  readonly maxSeatsPerFan: number;
  readonly pauseMs: number;
  /** After this the run is given up. */
  readonly deadlineMs: number;
}

const FULL = { fans: 2_000, seats: 1_200 };
const SMALL = { fans: 300, seats: 150 };
const SEATS_STEP = 50;
const MOST_SEATS = 15_000;
const MOST_FANS = 15_000;

/** @throws UsageError */
export function readOptions(args: string[]): DemoOptions {
  const { values } = parseOrExplain(USAGE, () =>
    parseArgs({
      args,
      options: {
        small: { type: "boolean" },
        cluster: { type: "boolean" },
        quiet: { type: "boolean" },
        "keep-going": { type: "boolean" },
        fans: { type: "string" },
        seats: { type: "string" },
        gateways: { type: "string" },
        workers: { type: "string" },
        seed: { type: "string" },
        url: { type: "string" },
        operator: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }),
  );
  if (values.help) throw new UsageError(USAGE);
  const size = values.small ? SMALL : FULL;
  const options: DemoOptions = {
    fans: numberOf("fans", values.fans, size.fans, 10, MOST_FANS),
    seats: numberOf("seats", values.seats, size.seats, SEATS_STEP, MOST_SEATS),
    gateways: numberOf("gateways", values.gateways, 1, 1, 16),
    workers: numberOf("workers", values.workers, 1, 1, 16),
    seed: numberOf("seed", values.seed, randomInt(1, 1_000_000), 0, 2 ** 32 - 1),
    cluster: values.cluster ?? false,
    quiet: values.quiet ?? false,
    keepGoing: values["keep-going"] ?? false,
    existing: existingOf(values.url, values.operator),
  };
  if (options.seats % SEATS_STEP !== 0) throw new UsageError(`--seats must be a multiple of ${SEATS_STEP}.`);
  // Fans take 2.2 seats on average, and some never buy: with fewer the hall could not sell out.
  if (options.fans < options.seats) {
    throw new UsageError(
      `--fans must be at least the number of seats (${options.seats}), or it can't sell out.`,
    );
  }
  return options;
}

function numberOf(
  name: string,
  text: string | undefined,
  usual: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return usual;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}.`);
}

function existingOf(url: string | undefined, operator: string | undefined): DemoOptions["existing"] {
  if (url === undefined && operator === undefined) return null;
  const [, email, password] = /^([^:]+):(.+)$/.exec(operator ?? "") ?? [];
  if (!url || !email || !password) {
    throw new UsageError(
      "--url and --operator go together: --url http://localhost:3000 --operator email:password.",
    );
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError("--url must be an address such as http://localhost:3000.");
  }
  return { url: new URL(url).origin, email, password };
}

/**
 * A pace at which the hall sells out in about a minute, or in a few seconds when it is small. Seven fans in ten
 * seats get a turn: 2.2 seats each, and a third of them lets the hold lapse.
 */
export function scenarioFor({ fans, seats }: DemoOptions): Scenario {
  const isSmall = seats <= 300;
  const sellingSeconds = isSmall ? 5 : Math.max(75, seats / 20);
  const ratePerMinute = Math.min(60_000, Math.ceil((0.7 * seats * 60) / sellingSeconds / 100) * 100);
  return {
    burstMs: Math.max(1_500, fans * 2.5),
    ratePerMinute,
    laterRatePerMinute: Math.min(60_000, Math.ceil((ratePerMinute * 1.4) / 100) * 100),
    maxActive: Math.max(40, Math.ceil(ratePerMinute / 5)),
    arrivalSeconds: 8,
    sessionSeconds: 12,
    graceSeconds: 10,
    holdSeconds: 5,
    maxSeatsPerFan: 4,
    pauseMs: 2_000,
    deadlineMs: (isSmall ? 100 : 240) * 1_000 + sellingSeconds * 1_000,
  };
}
