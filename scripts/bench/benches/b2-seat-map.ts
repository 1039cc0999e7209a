/**
 * B2: the seat map of 20,000 seats in a real browser, zoomed and moved in every frame, beside one SVG element a seat.
 *
 * A frame is counted when the browser asks for it; the main thread is busy or not, so a frame that comes late is one
 * that a fan sees late. Painting is done in software here; a graphics card only makes it better.
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { CHROMIUM_FLAGS, findChromium } from "../../local/chromium.ts";
import { ensurePages } from "../../pages.mjs";
import type { Bench, BenchContext, Row } from "../frame/bench.ts";
import { alternate, quantile } from "../frame/rounds.ts";
import { type Gateway, openHouse } from "../house/index.ts";

export const B2: Bench = { id: "B2", name: "web", run };

const HALL = { rows: 100, seatsPerRow: 200 };
const SCREEN = { width: 1280, height: 900 };
const PATIENCE_MS = 30_000;
const LEAST_FRAMES = 57;

// What runs in the pages is text: the loader that runs this file would put helpers of its own into functions.
const SIGN_UP = `
  fetch("/api/v1/auth/signup", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: "map@bench.invalid", password: "a-fan-before-a-map", name: "A fan" }),
  }).then((answer) => answer.json()).then((account) => {
    localStorage.setItem("fastpass.user", JSON.stringify(account.user));
    return account;
  })`;
/** Both move in every frame: in, out, and to the side; ours by the events that a wheel and a key make. */
const MOVE_MAP = `
  {
    const canvas = document.querySelector("canvas");
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const at = { clientX: left + width / 3, clientY: top + height / 2, bubbles: true, cancelable: true };
    window.move = (frame) => {
      canvas.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: frame % 90 < 45 ? -20 : 20 }));
      const key = frame % 180 < 90 ? "ArrowLeft" : "ArrowRight";
      if (frame % 15 === 0)
        canvas.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: true, cancelable: true }));
    };
  }`;
const MOVE_SVG = `
  {
    const svg = document.querySelector("svg");
    const box = { x: -5600, y: 0, width: 11200, height: 10500 };
    window.move = (frame) => {
      const factor = Math.min(11200 / box.width, Math.exp((frame % 90 < 45 ? -20 : 20) * 0.0022));
      box.width *= factor;
      box.height *= factor;
      box.x += frame % 180 < 90 ? -20 : 20;
      svg.setAttribute("viewBox", [box.x, box.y, box.width, box.height].join(" "));
    };
  }`;
const COUNT = `
  new Promise((resolve) => {
    const until = performance.now() + SECONDS * 1000;
    let last = performance.now();
    const gaps = [];
    const count = (now) => {
      gaps.push(now - last);
      last = now;
      window.move(gaps.length);
      if (now < until) requestAnimationFrame(count);
      else resolve(gaps.slice(1));
    };
    requestAnimationFrame(count);
  })`;

interface Frames {
  readonly perSecond: number;
  /** Milliseconds between two frames, 95 of 100 no longer. */
  readonly p95: number;
}

async function run(context: BenchContext): Promise<Row[]> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("there is no chromium on the PATH");
  await ensurePages();
  const house = await openHouse(context);
  // Outside production the refresh cookie needs no TLS.
  const gateway = await house.startGateway({ environment: { NODE_ENV: "development" } });
  await house.startWorker({ NODE_ENV: "development" });
  const { performanceId, queueId } = await house.show(gateway, {
    ...HALL,
    queue: { ratePerMinute: 6_000, maxActive: 100 },
  });
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] });
  context.defer("browser", () => browser.close());
  const map = await openMap(browser, gateway, performanceId, queueId);
  const svg = await openSvg(browser, gateway, performanceId);

  const ours: Frames[] = [];
  const baseline: Frames[] = [];
  const side = (page: Page, into: Frames[]) => async () => {
    const frames = await measure(page, context.seconds);
    into.push(frames);
    return frames.perSecond;
  };
  const perSecond = await alternate(context.rounds, { ours: side(map, ours), baseline: side(svg, baseline) });
  const counted = (frames: readonly Frames[]) => frames.slice(-context.rounds);
  return [
    {
      id: "B2",
      what: "frames of the map, 20,000 seats, zoomed and moved in each",
      unit: "frames/s",
      ours: perSecond.ours,
      baseline: null,
      goal: { kind: "at least", value: LEAST_FRAMES },
      notes: [
        `60 a second are the most that the browser makes; one SVG element a seat: ${perSecond.baseline.map((value) => value.toFixed(1)).join(", ")}`,
      ],
    },
    {
      id: "B2",
      what: "time between two frames, p95 ÷ one SVG element a seat",
      unit: "ms",
      ours: counted(ours).map(({ p95 }) => p95),
      baseline: counted(baseline).map(({ p95 }) => p95),
      goal: null,
      notes: [],
    },
  ];
}

async function openMap(
  browser: Browser,
  { port, call }: Gateway,
  performanceId: string,
  queueId: string,
): Promise<Page> {
  const page = await browser.newPage({ viewport: SCREEN, baseURL: `http://127.0.0.1:${port}`, locale: "en" });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto("/login");
  const { accessToken } = await page.evaluate<{ accessToken: string }>(SIGN_UP);
  await call("POST", `/queues/${queueId}/tickets`, undefined, accessToken);
  for (let state = ""; state !== "admitted"; )
    ({ state } = await call<{ state: string }>(
      "GET",
      `/queues/${queueId}/tickets/me`,
      undefined,
      accessToken,
    ));
  await page.goto(`/performances/${performanceId}/seats`);
  await page.locator(".live:not(.late)").waitFor();
  await page.evaluate(MOVE_MAP);
  return page;
}

/** What one would write first: an element for each seat, moved by changing the view box. */
async function openSvg(browser: Browser, { call }: Gateway, performanceId: string): Promise<Page> {
  const layout = await call<{ sections: { rows: { seats: { x: number; y: number }[] }[] }[] }>(
    "GET",
    `/performances/${performanceId}/layout`,
  );
  const seats = layout.sections.flatMap(({ rows }) => rows.flatMap((row) => row.seats));
  const marks = seats
    .map(({ x, y }) => `<rect x="${x - 21}" y="${y - 21}" width="42" height="42"/>`)
    .join("");
  const page = await browser.newPage({ viewport: SCREEN });
  await page.setContent(
    `<svg width="880" height="560" viewBox="-5600 0 11200 10500" fill="#14604a">${marks}</svg>`,
  );
  await page.evaluate(MOVE_SVG);
  return page;
}

async function measure(page: Page, seconds: number): Promise<Frames> {
  // In a tab behind another one no frames are made.
  await page.bringToFront();
  const gaps = await page.evaluate<number[]>(COUNT.replace("SECONDS", String(seconds)));
  const took = gaps.reduce((sum, gap) => sum + gap, 0);
  return { perSecond: (gaps.length / took) * 1_000, p95: quantile(gaps, 0.95) };
}
