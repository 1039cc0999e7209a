/** Sign-up, login, the list of events and one of them, as a person at a browser uses them. */
import { expect } from "chai";
import { newEmail } from "../support/house.ts";
import { describeInBrowser, expectAccessible, expectNoSideScroll, openStage, type Stage } from "./stage.ts";

const soon = (ms: number) => new Date(Date.now() + ms).toISOString();

describeInBrowser("browser · accounts and events", function () {
  this.timeout(60_000);
  let stage: Stage;
  before(async () => {
    stage = await openStage();
  });
  after(() => stage?.close());

  it("sign-up · by keyboard alone, after a mistake · says what is wrong, then goes where the fan wanted", async () => {
    const taken = await stage.house.fan();
    const page = await stage.open("/signup?next=%2Ftickets");
    await page.getByLabel("Name").focus();
    await page.keyboard.type("Ada");
    await page.keyboard.press("Tab");
    await page.keyboard.type(taken.email);
    await page.keyboard.press("Tab");
    await page.keyboard.type("correct horse");
    await page.keyboard.press("Enter");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).to.contain("There is an account with this email");
    expect(await alert.evaluate((element) => element === document.activeElement)).to.equal(true);
    await expectAccessible(page, "a refused sign-up");
    await page.getByLabel("Email").fill(newEmail());
    await page.keyboard.press("Enter");
    await page.waitForURL("**/tickets");
    await page.getByText("Logged in as Ada").waitFor();
    await page.reload();
    await page.getByText("Logged in as Ada").waitFor();
  });

  it("login · wrong, right, and out again · the other tab follows", async () => {
    const fan = await stage.house.fan();
    const page = await stage.open("/login");
    await page.getByLabel("Email").fill(fan.email);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("The email or the password is wrong.").waitFor();
    await page.getByLabel("Password").fill(fan.password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL((url) => url.pathname === "/");
    const other = await page.context().newPage();
    await other.goto("/");
    await other.getByRole("button", { name: "Log out" }).waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await other.getByRole("link", { name: "Log in" }).waitFor();
  });

  it("login · towards an address of somebody else · stays here", async () => {
    const fan = await stage.house.fan();
    const page = await stage.open("/login?next=%2F%2Felsewhere.example%2F");
    await page.getByLabel("Email").fill(fan.email);
    await page.getByLabel("Password").fill(fan.password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL((url) => url.pathname === "/");
    expect(new URL(page.url()).origin).to.equal(stage.house.client.url);
  });

  it("events · one whose sale is to come · is found, counts down, and follows the language", async () => {
    const show = await stage.house.makeShow({
      // Short of an hour: of a server whose answers tell whole seconds a page knows the time to half a second.
      queue: { lobbyOpensAt: soon(-1_000), opensAt: soon(3_599_000) },
    });
    const page = await stage.open("/", { locale: "ko-KR" });
    await page.getByRole("link", { name: "An evening" }).first().click();
    await page.waitForURL(`**/events/${show.eventId}`);
    const heading = page.getByRole("heading", { level: 1 });
    expect(await heading.evaluate((element) => element === document.activeElement)).to.equal(true);
    const clock = page.locator(".countdown .figure");
    const first = await clock.textContent();
    expect(first).to.match(/^(1:00:00|59:\d\d)$/);
    await page.waitForFunction(
      (before) => document.querySelector(".countdown .figure")?.textContent !== before,
      first,
    );
    await page.getByText("대기실 들어가기").waitFor();
    await page.getByRole("button", { name: "English" }).click();
    await page.getByText("Enter the waiting room").waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).to.equal("en");
    await page.reload();
    await page.getByText("Enter the waiting room").waitFor();
  });

  for (const [locale, scheme] of [
    ["en-GB", "light"],
    ["ko-KR", "dark"],
  ] as const)
    it(`every page · in ${locale}, ${scheme}, 320 px wide · has no fault that axe finds and fits`, async () => {
      const { eventId } = await stage.house.makeShow({ queue: { opensAt: soon(3_600_000) } });
      const options = { locale, colorScheme: scheme, viewport: { width: 320, height: 640 } };
      const page = await stage.open("/", options);
      for (const address of ["/", `/events/${eventId}`, "/login", "/signup", "/events/none"]) {
        await page.goto(address);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await expectAccessible(page, address);
        await expectNoSideScroll(page, address);
      }
    });
});
