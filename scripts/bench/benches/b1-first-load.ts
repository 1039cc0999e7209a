/**
 * B1: the first load of the waiting room by a fan who has a place, with nothing cached: bytes as they cross the wire,
 * requests, and the time until the place is on the screen, near the server and over a phone's slow connection.
 *
 * The wire ends with the first place that is shown; what a page asks for later is not its first load.
 */
import { type Browser, chromium } from "playwright-core";
import { CHROMIUM_FLAGS, findChromium } from "../../local/chromium.ts";
import { ensurePages } from "../../pages.mjs";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { type Gateway, openHouse } from "../house/index.ts";

export const B1: Bench = { id: "B1", name: "web", run };

const PHONE = { width: 390, height: 844 };
/** What Chromium's own tools call Slow 4G. */
const SLOW_4G = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };
const MOST_BYTES = 30 * 1024;
const PATIENCE_MS = 30_000;

interface Load {
  /** Bodies alone, as they were sent. */
  readonly bytes: number;
  /** With the headers, which HTTP/1.1 does not compress. */
  readonly wireBytes: number;
  readonly requests: number;
  readonly milliseconds: number;
}

interface Waiter {
  readonly email: string;
  readonly password: string;
  readonly user: object;
}

async function run(context: BenchContext): Promise<Row[]> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("there is no chromium on the PATH");
  await ensurePages();
  const house = await openHouse(context);
  // Outside production the refresh cookie needs no TLS.
  const gateway = await house.startGateway({ environment: { NODE_ENV: "development" } });
  await house.startWorker({ NODE_ENV: "development" });
  const { queueId } = await house.show(gateway, { queue: { ratePerMinute: 6_000, maxActive: 1 } });
  await takePlace(gateway, queueId, "first");
  const waiter = await takePlace(gateway, queueId, "second");
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] });
  context.defer("browser", () => browser.close());

  const near: Load[] = [];
  const far: Load[] = [];
  await load(browser, gateway, queueId, waiter); // the server's own first time is not the fan's
  for (let round = 0; round < context.rounds; round += 1) {
    near.push(await load(browser, gateway, queueId, waiter));
    far.push(await load(browser, gateway, queueId, waiter, SLOW_4G));
  }
  const row = (what: string, unit: string, ours: number[], goal: Row["goal"], notes: string[] = []): Row => ({
    id: "B1",
    what,
    unit,
    ours,
    baseline: null,
    goal,
    notes,
  });
  return [
    row(
      "the waiting room's first load, compressed",
      "bytes",
      near.map(({ bytes }) => bytes),
      { kind: "at most", value: MOST_BYTES },
      [
        "until the place is shown, the answers of the API included; by gzip, since this browser asks for Brotli over TLS alone",
      ],
    ),
    row(
      "the same with the headers of HTTP/1.1",
      "bytes",
      near.map(({ wireBytes }) => wireBytes),
      null,
    ),
    row(
      "requests until the place is shown",
      "",
      near.map(({ requests }) => requests),
      null,
    ),
    row(
      "time until the place is shown, near the server",
      "ms",
      near.map(({ milliseconds }) => milliseconds),
      null,
    ),
    row(
      "time until the place is shown, over Slow 4G",
      "ms",
      far.map(({ milliseconds }) => milliseconds),
      null,
      ["150 ms of latency a request, 1.6 Mbit/s"],
    ),
  ];
}

/** The first one goes in and stays; whoever comes then waits. */
async function takePlace({ call }: Gateway, queueId: string, name: string): Promise<Waiter> {
  const account = { email: `${name}@bench.invalid`, password: "a-fan-before-a-page", name };
  const { user, accessToken } = await call<{ user: object; accessToken: string }>(
    "POST",
    "/auth/signup",
    account,
  );
  await call("POST", `/queues/${queueId}/tickets`, {}, accessToken);
  return { ...account, user };
}

async function load(
  browser: Browser,
  { port }: Gateway,
  queueId: string,
  { email, password, user }: Waiter,
  conditions?: typeof SLOW_4G,
): Promise<Load> {
  const context = await browser.newContext({
    viewport: PHONE,
    locale: "en",
    baseURL: `http://127.0.0.1:${port}`,
  });
  try {
    await context.request.post("/api/v1/auth/login", { data: { email, password } });
    const kept = JSON.stringify(JSON.stringify(user));
    await context.addInitScript(`localStorage.setItem("fastpass.user", ${kept})`);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const wire = await context.newCDPSession(page);
    let bytes = 0;
    let wireBytes = 0;
    let requests = 0;
    wire.on("Network.requestWillBeSent", () => {
      requests += 1;
    });
    wire.on("Network.loadingFinished", ({ encodedDataLength }) => {
      wireBytes += encodedDataLength;
    });
    wire.on("Network.dataReceived", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await wire.send("Network.enable");
    if (conditions) await wire.send("Network.emulateNetworkConditions", conditions);
    const startedAt = performance.now();
    await page.goto(`/queues/${queueId}`, { waitUntil: "commit" });
    await page.getByTestId("ahead").waitFor();
    return { bytes, wireBytes, requests, milliseconds: performance.now() - startedAt };
  } finally {
    await context.close();
  }
}
