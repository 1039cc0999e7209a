/** Paying and what comes after in a browser: declined, doubled, lost, undecided, too late, given back. */
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Page } from "playwright-core";
import type { Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";
import {
  describeInBrowser,
  expectAccessible,
  expectNoSideScroll,
  type Guest,
  openStage,
  type Stage,
} from "./stage.ts";

describeInBrowser("browser · checkout and tickets", function () {
  this.timeout(60_000);
  let stage: Stage;
  let show: Show;
  /** A hold that outlasts its arrival, and runs out while the other tests run. */
  let short: { page: Page; id: string };
  before(async () => {
    stage = await openStage();
    show = await stage.house.makeShow({
      sections: [{ name: "Floor", rows: 4, seatsPerRow: 10, amount: 9_000 }],
    });
    short = await arrive({}, await stage.house.makeShow({ performance: { holdSeconds: 10 } }));
  });
  after(() => stage?.close());

  /** A fan with two seats on hold, at the checkout. */
  async function arrive(
    guest: Guest = {},
    wanted: Show = show,
  ): Promise<{ page: Page; id: string; keys: string[] }> {
    const fan = await stage.house.fan();
    const inside = await stage.house.enter(fan, wanted);
    const { body } = await stage.house.hold(inside, { bestAvailable: { quantity: 2 } }, { expect: 201 });
    const page = await stage.open("/", { fan, ...guest });
    const keys: string[] = [];
    page.on("request", (request) => {
      const key = request.headers()["idempotency-key"];
      if (key && request.method() === "POST") keys.push(key);
    });
    await page.goto(`/checkout/${body.id}`);
    await page.getByRole("timer").waitFor();
    return { page, id: body.id, keys };
  }

  const card = (page: Page, name: string) => page.getByRole("radio", { name: `A card that ${name}` });
  const pay = (page: Page) => page.getByRole("button", { name: "Pay €180.00" });
  const outcome = (page: Page, name: string) => page.getByRole("heading", { name }).waitFor();

  async function charges(reservationId: string): Promise<number> {
    const rows = await stage.house
      .db("payments")
      .where({ reservation_id: reservationId, status: "succeeded" });
    return rows.length;
  }

  it("declined, then another card · under a key of its own · the seats are kept and paid once", async () => {
    const { page, id, keys } = await arrive();
    await card(page, "is declined").check();
    await pay(page).click();
    await page.getByRole("alert").getByText("The card was declined").waitFor();
    await page.getByRole("timer").waitFor();
    await card(page, "is accepted").check();
    await pay(page).click();
    await outcome(page, "The seats are yours");
    expect(keys).to.have.length(2);
    expect(new Set(keys).size).to.equal(2);
    expect(await charges(id)).to.equal(1);
  });

  it("a double click · on the way to pay · pays once", async () => {
    const { page, id, keys } = await arrive();
    await pay(page).dblclick();
    await outcome(page, "The seats are yours");
    expect(keys).to.have.length(1);
    expect(await charges(id)).to.equal(1);
  });

  it("an answer · lost after the card was charged · is asked for again under the same key, and paid once", async () => {
    const { page, id, keys } = await arrive();
    await page.route("**/payments", async (route) => {
      if (keys.length > 1) return route.continue();
      await route.fetch();
      await route.abort();
    });
    await pay(page).click();
    await page.getByText("nothing is charged twice").waitFor();
    await outcome(page, "The seats are yours");
    expect(keys).to.deep.equal([keys[0], keys[0]]);
    expect(await charges(id)).to.equal(1);
  });

  it("a reload · while a payment is under way · goes on with it by itself, under the same key", async () => {
    const { page, id, keys } = await arrive();
    await page.route("**/payments", (route) => route.abort());
    await pay(page).click();
    await page.getByText("nothing is charged twice").waitFor();
    await page.unroute("**/payments");
    await page.reload();
    await outcome(page, "The seats are yours");
    expect(keys.length).to.be.at.least(2);
    expect(new Set(keys).size).to.equal(1);
    expect(await charges(id)).to.equal(1);
  });

  it("undecided · and the page is closed meanwhile · keeps the seats, and the tickets come by themselves", async () => {
    const { page } = await arrive();
    await page.route("**/payments", (route) => {
      const method = { type: "sandbox", card: "undecided", settleAfterSeconds: 1 };
      return route.continue({ postData: JSON.stringify({ method }) });
    });
    await card(page, "takes some seconds").check();
    await pay(page).click();
    await outcome(page, "The payment is being decided");
    await page.goto("/tickets");
    await page
      .getByRole("img", { name: /^QR code/ })
      .first()
      .waitFor();
  });

  it("the time · nearly over · is warned of, its end said beforehand; the seats can be given back, asked twice", async () => {
    const { page, id } = await arrive();
    await page.clock.install();
    await page.goto(`/checkout/${id}`);
    await page
      .getByText("At zero the seats go back on sale by themselves, and nothing is charged.")
      .waitFor();
    await page.clock.fastForward("01:35");
    await page.getByRole("status").getByText("30 seconds left to pay.").waitFor();
    await page.getByRole("button", { name: "Give the seats back" }).click();
    const keep = page.getByRole("button", { name: "Keep them" });
    expect(await keep.evaluate((element) => element === document.activeElement)).to.equal(true);
    await keep.click();
    await page.getByRole("button", { name: "Give the seats back" }).click();
    await page.getByRole("button", { name: "Yes, give them back" }).click();
    await outcome(page, "You gave the seats back");
  });

  it("tickets · bought · print with their codes, go into the calendar, and are refunded when asked twice", async () => {
    const { page, id } = await arrive();
    await pay(page).click();
    await page.getByRole("link", { name: "See my tickets" }).click();
    await page
      .getByRole("img", { name: /^QR code/ })
      .nth(1)
      .waitFor();

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Add to my calendar" }).click(),
    ]);
    const calendar = await readFile(await download.path(), "utf8");
    expect(calendar).to.contain("DTSTART:20350501T193000Z").and.to.contain("SUMMARY:An evening");

    await page.emulateMedia({ media: "print" });
    expect(await page.getByRole("button", { name: "Print" }).isVisible()).to.equal(false);
    expect(
      await page
        .getByRole("img", { name: /^QR code/ })
        .first()
        .isVisible(),
    ).to.equal(true);
    await page.emulateMedia({ media: "screen" });

    await page.getByRole("button", { name: "Give back and refund" }).click();
    await page.getByText("Give all of these tickets back for €180.00?").waitFor();
    await page.getByRole("button", { name: "Yes, refund them" }).click();
    await eventually(
      async () => (await stage.house.db("reservations").where({ id }).first()).status === "REFUNDED",
      { what: "the refund" },
    );
    await page.getByText("Over and given back").waitFor();
    expect(await page.getByRole("img", { name: /^QR code/ }).count()).to.equal(0);
  });

  it("checkout and tickets · in both languages and themes, 320 px wide · have no fault that axe finds, and fit", async () => {
    const narrow = { viewport: { width: 320, height: 640 } };
    const { page: english } = await arrive({ ...narrow, colorScheme: "dark" });
    await card(english, "is declined").check();
    await pay(english).click();
    await english.getByText("The card was declined").waitFor();
    await expectAccessible(english, "the checkout");
    await expectNoSideScroll(english, "the checkout");

    const { page: korean } = await arrive({ ...narrow, locale: "ko-KR" });
    await korean.getByRole("button", { name: "결제하기" }).click();
    await korean.getByRole("link", { name: "내 티켓 보기" }).click();
    await korean.getByRole("img").nth(1).waitFor();
    await korean.getByRole("button", { name: "반납하고 환불받기" }).click();
    await expectAccessible(korean, "the tickets");
    await expectNoSideScroll(korean, "the tickets");
  });

  it("the time · runs out at the checkout · ends as was said beforehand, with the way back to the seats", async () => {
    const { page, id } = short;
    await outcome(page, "The time ran out");
    expect(await charges(id)).to.equal(0);
    await page.getByRole("link", { name: "Back to the seats" }).click();
    await page.getByRole("heading", { name: "Choose your seats" }).waitFor();
  });
});
