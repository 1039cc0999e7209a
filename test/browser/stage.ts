/**
 * A house, a real browser before it, and fans who are logged in there.
 *
 * Every page is watched: an error of its scripts, anything its policy forbids, and any request to somebody else fail the
 * test that opened it.
 */
import { AxeBuilder } from "@axe-core/playwright";
import { expect } from "chai";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { CHROMIUM_FLAGS, findChromium } from "../../scripts/local/chromium.ts";
import { type Fan, type House, type HouseOptions, openHouse } from "../support/house.ts";

/** What a page does may take long on a machine that runs everything else beside it. */
const PATIENCE_MS = 15_000;
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export interface Guest extends BrowserContextOptions {
  readonly fan?: Fan;
  /** Where the browser goes, when it is another gateway than the house's first. */
  readonly url?: string;
  /** A part of a console message that belongs to what the test does, such as a refused call. */
  readonly expects?: RegExp;
}

export interface Stage {
  readonly house: House;
  readonly browser: Browser;
  /** A page of its own profile, at an address; English unless the guest says otherwise. */
  open(address: string, guest?: Guest): Promise<Page>;
  close(): Promise<void>;
}

/** A suite in a browser; where there is none it is passed over, and the title says why. */
export function describeInBrowser(title: string, suite: (this: Mocha.Suite) => void): void {
  if (findChromium() === null) describe.skip(`${title} (no chromium on the PATH)`, suite);
  else describe(title, suite);
}

export async function openStage(options: HouseOptions = { together: true }): Promise<Stage> {
  // The gateway reads them when it starts.
  const { ensurePages } = await import("../../scripts/pages.mjs");
  await ensurePages();
  const house = await openHouse(options);
  const executablePath = findChromium() as string;
  const browser = await chromium
    .launch({ executablePath, args: [...CHROMIUM_FLAGS] })
    .catch(async (fault) => {
      await house.close();
      throw fault;
    });
  const faults: string[] = [];

  async function open(address: string, guest: Guest = {}): Promise<Page> {
    const { fan, url = house.client.url, expects, ...options } = guest;
    const context = await browser.newContext({ locale: "en-GB", baseURL: url, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    // tsx names functions by a helper that functions sent into a page would look for there.
    await context.addInitScript("globalThis.__name = (target) => target");
    if (fan) {
      const { email, password, userId } = fan;
      const login = await context.request.post("/api/v1/auth/login", { data: { email, password } });
      expect(login.status(), "login").to.equal(200);
      const user = JSON.stringify({ id: userId, name: "A fan", role: "fan" });
      await context.addInitScript((kept) => localStorage.setItem("fastpass.user", kept), user);
    }
    const page = await context.newPage();
    watch(page, url, faults, expects);
    await page.goto(address);
    return page;
  }

  return {
    house,
    browser,
    open,
    async close() {
      await browser.close();
      await house.close();
      expect(faults, "what the pages complained of").to.deep.equal([]);
    },
  };
}

function watch(page: Page, url: string, faults: string[], expects?: RegExp): void {
  const note = (text: string) => {
    if (!expects?.test(text)) faults.push(`${page.url()}: ${text}`);
  };
  page.on("pageerror", (error) => note(String(error.stack ?? error)));
  page.on("console", (message) => {
    // A refused call is told by the browser as an error, and is the API's business.
    const isRefusal = /^Failed to load resource|WebSocket connection to/.test(message.text());
    if (message.type() === "error" && !isRefusal) note(message.text());
  });
  page.on("request", (request) => {
    const { origin } = new URL(request.url());
    if (/^https?:/.test(request.url()) && origin !== new URL(url).origin) note(`asked ${request.url()}`);
  });
}

/** No violation of WCAG 2.2 AA that a machine can find. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(STANDARDS).analyze();
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  expect(told, `${what} at ${page.url()}`).to.deep.equal([]);
}

/** Nothing reaches beyond the screen to the side. */
export async function expectNoSideScroll(page: Page, what: string): Promise<void> {
  const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(width[0], `${what} at ${page.url()}`).to.be.at.most(width[1] as number);
}
