/** One on-sale from the first account to the last word: fans and operator act, and at the end everything is checked. */
import { setMaxListeners } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Database, openDatabase } from "../../src/platform/postgres.ts";
import type { Releaser } from "../../src/platform/releaser.ts";
import type { House } from "../house.ts";
import { makeAccounts } from "./accounts.ts";
import { type Api, Broken, createApi, Stopped } from "./api.ts";
import { checkBooks } from "./checks/books.ts";
import { type Check, check } from "./checks/check.ts";
import { checkFans } from "./checks/fans.ts";
import { checkQueue } from "./checks/queue.ts";
import { runFan } from "./fan.ts";
import { sectionsFor } from "./hall.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { type DemoOptions, type Scenario, scenarioFor } from "./options.ts";
import { type Picture, startPicture } from "./picture.ts";
import { planFan } from "./plan.ts";
import { OWN_DELAY, type Run } from "./report.ts";
import { direct, type Interventions, logInAsOperator, type Operator, type Stats } from "./stage.ts";
import { createStreams, type Streams } from "./stream.ts";
import type { Account, World } from "./world.ts";

export interface Finished {
  readonly run: Run;
  /** Why it ended before everybody had heard the last word; null when it did not. */
  readonly stopped: string | null;
  /** The longest time for which this very process did nothing: a machine that was suspended explains a lot. */
  readonly stoodStillSeconds: number;
}

/** From the accounts to the opening: the operator's orders, and the fans who can't wait, need this. */
const OPENS_IN_MS = 2_000;
const SETTLED_WITHIN_MS = 10_000;
const GRACE_MS = 2_000;
const HANDSHAKES_A_GATEWAY = 24;
const POOL = 4;

/** @param interrupted ends the run early. */
export async function runDemo(
  house: House,
  options: DemoOptions,
  releaser: Releaser,
  interrupted: AbortSignal,
): Promise<Finished> {
  const scenario = scenarioFor(options);
  const ending = createEnding(interrupted);
  const ledger = createLedger(({ what, where, detail }) => {
    if (!options.keepGoing) ending.stop(`${where} was answered ${what} ${detail}`);
  });
  const api = createApi(house.addresses, ledger, ending.signal);
  releaser.add("http connections", () => api.close());
  const streams = createStreams(ledger, HANDSHAKES_A_GATEWAY * api.gateways);
  const db = openDatabase(house.config.databaseUrl, POOL, "fastpass-demo");
  releaser.add("database", () => db.destroy());
  const operator = await logInAsOperator(api, streams, house.operator);
  const signUps = Math.min(20, Math.ceil(options.fans / 50));
  const accounts = await makeAccounts(db, house.config, api, { count: options.fans, signUps });
  await api.warmUp();
  const world = await raiseCurtain({ options, scenario, ending, ledger, api, streams, operator });

  const picture = startPicture(process.stdout, ledger, { options, scenario });
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const seen: { stats: Stats | null } = { stats: null };
  const interventions: Interventions = { pausedAt: null, resumedAt: null, noticeAt: null };
  const timer = setTimeout(
    () =>
      ending.stop(
        `it did not end within ${scenario.deadlineMs / 1_000} s; ${whereItStands(world, seen.stats)}`,
      ),
    scenario.deadlineMs,
  );
  try {
    await play(world, accounts, signUps, operator, interventions, picture, seen);
  } finally {
    clearTimeout(timer);
    picture.stop();
    lag.disable();
  }
  const seconds = (Date.now() - world.opensAt) / 1_000;
  ledger.sample(OWN_DELAY, lag.percentile(99) / 1e6);
  const stoodStillSeconds = lag.max / 1e9;
  const checks = interrupted.aborted ? [] : await judge({ world, house, db, ledger, interventions, ending });
  return {
    run: { options, scenario, world, ledger, checks, seconds },
    stopped: ending.reason,
    stoodStillSeconds,
  };
}

interface Ending {
  readonly signal: AbortSignal;
  readonly reason: string | null;
  stop(reason: string): void;
}

function createEnding(interrupted: AbortSignal): Ending {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  let reason: string | null = null;
  const stop = (why: string) => {
    reason ??= why;
    controller.abort();
  };
  if (interrupted.aborted) stop("it was interrupted");
  interrupted.addEventListener("abort", () => stop("it was interrupted"), { once: true });
  return {
    signal: controller.signal,
    get reason() {
      return reason;
    },
    stop,
  };
}

interface Curtain {
  readonly options: DemoOptions;
  readonly scenario: Scenario;
  readonly ending: Ending;
  readonly ledger: Ledger;
  readonly api: Api;
  readonly streams: Streams;
  readonly operator: Operator;
}

async function raiseCurtain({
  options,
  scenario,
  ending,
  ledger,
  api,
  streams,
  operator,
}: Curtain): Promise<World> {
  const opensAt = Date.now() + OPENS_IN_MS;
  const production = await operator.putOnSale(
    scenario,
    sectionsFor(options.seats),
    new Date(opensAt + api.clockOffsetMs),
  );
  const world: World = {
    api,
    streams,
    ledger,
    signal: ending.signal,
    scenario,
    seed: options.seed,
    ...production,
    opensAt,
    records: [],
    purchases: [],
    complaints: [],
    complain: (name, detail) => void world.complaints.push({ check: name, detail }),
  };
  return world;
}

async function play(
  world: World,
  accounts: readonly Account[],
  signUps: number,
  operator: Operator,
  interventions: Interventions,
  picture: Picture,
  seen: { stats: Stats | null },
): Promise<void> {
  const { seed, scenario, queueId } = world;
  const figures = await operator.watch(queueId, (stats) => {
    seen.stats = stats;
    picture.stats(stats);
  });
  const plan = { seed, burstMs: scenario.burstMs, signUps };
  const fans = accounts.map((account, index) => runFan(world, account, planFan(index, plan), index));
  const directing = direct(world, operator, interventions, picture.news).catch((fault) => {
    if (fault instanceof Stopped || fault instanceof Broken) return;
    world.ledger.unexpected({ what: "FAULT", where: "the operator", detail: String((fault as Error).stack) });
  });
  await Promise.race([Promise.all(fans), grace(world.signal)]);
  if (!world.signal.aborted) await settled(world);
  // Where the hall did not sell, the operator waits in vain for the next step.
  await Promise.race([directing, new Promise((resolve) => setTimeout(resolve, 100))]);
  figures.close();
}

/** Once the run is over nobody is waited for longer than this. */
function grace(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => setTimeout(resolve, GRACE_MS), { once: true });
  });
}

/** The last purchase is on the map a moment after it is made. */
async function settled(world: World): Promise<void> {
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  while (Date.now() < deadline) {
    if (/^O*$/.test(await readLetters(world))) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function readLetters({ api, performanceId }: World): Promise<string> {
  const path = `/performances/${performanceId}/availability`;
  return (await api.call<{ seats: string }>("availability", { method: "GET", path })).body.seats;
}

interface Matter {
  readonly world: World;
  readonly house: House;
  readonly db: Database;
  readonly ledger: Ledger;
  readonly interventions: Interventions;
  readonly ending: Ending;
}

async function judge({ world, house, db, ledger, interventions, ending }: Matter): Promise<Check[]> {
  const { records, purchases, complaints, hall, performanceId, queueId } = world;
  const answers = ledger.surprises.map(({ what, where, detail }) => `${where}: ${what} ${detail}`);
  const checks = [
    check("every answer was one to expect", answers),
    check("no process logged an error", await house.problems()),
    ...(await checkBooks(db, performanceId, ending.reason === null ? purchases : null)),
  ];
  // A run that was stopped has no last word, so what fans saw of it says nothing.
  if (ending.reason !== null) return [check("the run came to its end", [ending.reason]), ...checks];
  const letters = await readLetters(world);
  return [
    ...checks,
    ...(await checkQueue(
      db,
      queueId,
      records.flatMap(({ stories }) => stories),
    )),
    ...checkFans({ records, purchases, complaints, interventions, seatCount: hall.seatCount, letters }),
  ];
}

function whereItStands({ hall, ledger }: World, stats: Stats | null): string {
  const sold = `${ledger.total("seats sold")} of ${hall.seatCount} seats are sold`;
  if (!stats) return `${sold} and the queue told nothing`;
  const { phase, waiting, active, limitedBy, seats } = stats;
  return `${sold}, ${seats?.held ?? "?"} held; the queue is ${phase} with ${waiting} waiting and ${active} inside, limited by ${limitedBy}`;
}
