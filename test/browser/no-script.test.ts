/** The way through the line in a browser that runs no script, with forms and links alone. */
import { expect } from "chai";
import type { Page } from "playwright-core";
import { newEmail } from "../support/house.ts";
import { eventually } from "../support/wait.ts";
import { describeInBrowser, expectAccessible, expectNoSideScroll, openStage, type Stage } from "./stage.ts";

describeInBrowser("browser · without script", function () {
  this.timeout(60_000);
  let stage: Stage;
  before(async () => {
    stage = await openStage();
  });
  after(() => stage?.close());

  const open = (address: string, locale = "en-GB") =>
    stage.open(address, { javaScriptEnabled: false, locale, viewport: { width: 320, height: 640 } });
  /** axe is a script: it looks at the same page in a browser that runs them. */
  async function expectPlainAccessible(page: Page, address: string): Promise<void> {
    const other = await stage.browser.newContext({
      storageState: await page.context().storageState(),
      baseURL: stage.house.client.url,
      locale: await page.getAttribute("html", "lang").then((lang) => (lang === "ko" ? "ko-KR" : "en-GB")),
    });
    const copy = await other.newPage();
    await copy.goto(address);
    await expectAccessible(copy, address);
    await expectNoSideScroll(copy, address);
    await other.close();
  }
  const heading = (page: Page, name: string) => page.getByRole("heading", { name }).waitFor();

  it("from the link of an event to the turn · signs up, joins, waits, is told by itself, takes it and gives it up", async () => {
    const show = await stage.house.makeShow({ queue: { maxActive: 1 } });
    const insider = await stage.house.enter(await stage.house.fan(), show);
    const page = await open(`/queues/${show.queueId}`);
    await page.waitForURL(`**/plain/queues/${show.queueId}`);
    await heading(page, "Join the line");
    await page.getByRole("link", { name: "Log in to join" }).click();
    await page.getByRole("link", { name: "Make an account" }).click();
    await page.getByLabel("Name").fill("Ada");
    await page.getByLabel("Email").fill(newEmail());
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.waitForURL(`**/plain/queues/${show.queueId}`);
    await page.getByRole("button", { name: "Join the line" }).click();
    await page.getByText("You are next").waitFor();
    await page.getByText("You can reload or close this page and keep your place.").waitFor();
    await expectPlainAccessible(page, `/plain/queues/${show.queueId}?still`);
    // Nobody touches the page from here on: it has to see by itself that the slot is free.
    await stage.house.leave(insider.fan, show);
    await heading(page, "It is your turn");
    const told = await page.getByRole("main").textContent();
    expect(told).to.contain("Turn it on now").and.not.contain("keep your place");
    await expectPlainAccessible(page, `/plain/queues/${show.queueId}?still`);
    await page.getByRole("button", { name: "Take my turn" }).click();
    await heading(page, "You are in");
    await page.getByText("Give up my turn").click();
    await page.getByRole("button", { name: "Leave", exact: true }).click();
    await heading(page, "Join the line");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.goto(`/plain/queues/${show.queueId}`);
    await page.getByRole("link", { name: "Log in to join" }).waitFor();
  });

  it("events, in Korean · by Accept-Language · and in English once chosen", async () => {
    await stage.house.makeShow();
    const page = await open("/", "ko-KR");
    await page.waitForURL("**/plain");
    await heading(page, "공연");
    await expectPlainAccessible(page, "/plain");
    await page.getByRole("link", { name: "An evening" }).first().click();
    await heading(page, "회차");
    await page.getByRole("link", { name: "English" }).click();
    await heading(page, "Performances");
  });

  it("a login that is refused · says so, and keeps what was written", async () => {
    const page = await open("/plain/login");
    await page.getByLabel("Email").fill("nobody@example.org");
    await page.getByLabel("Password").fill("whatever it is");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").getByText("The email or the password is wrong.").waitFor();
    expect(await page.getByLabel("Email").inputValue()).to.equal("nobody@example.org");
    await expectPlainAccessible(page, "/plain/login");
  });

  it("sold out · said, and the page asks no more", async () => {
    const show = await stage.house.makeShow({
      sections: [{ name: "Floor", rows: 1, seatsPerRow: 1, amount: 1_000 }],
    });
    const inside = await stage.house.enter(await stage.house.fan(), show);
    const held = await stage.house.hold(inside, { seatIds: show.seatIds }, { expect: 201 });
    await stage.house.pay(inside.fan, held.body.id);
    await eventually(
      async () => (await stage.house.client.api("GET", `/queues/${show.queueId}`)).body.phase === "sold_out",
      { what: "the end of the sale" },
    );
    const page = await open(`/plain/queues/${show.queueId}`);
    await heading(page, "Sold out");
    const again = await page.request.get(`/plain/queues/${show.queueId}`);
    expect(again.headers()).to.not.have.property("refresh");
  });
});
