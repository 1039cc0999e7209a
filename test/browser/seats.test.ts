/** Choosing seats in a browser: on the map, in the list, by keys, and while somebody else takes them. */
import { expect } from "chai";
import type { Page } from "playwright-core";
import { pan, pinch, wholeHall } from "../../src/web/seat-map/view.ts";
import type { Fan, Inside, Show } from "../support/house.ts";
import { screenOf } from "./hall.ts";
import {
  describeInBrowser,
  expectAccessible,
  expectNoSideScroll,
  type Guest,
  openStage,
  type Stage,
} from "./stage.ts";

describeInBrowser("browser · seats", function () {
  this.timeout(60_000);
  let stage: Stage;
  let show: Show;
  before(async () => {
    stage = await openStage();
    show = await stage.house.makeShow({
      sections: [
        { name: "Floor", rows: 3, seatsPerRow: 12, amount: 9_000, accessibleSeats: 2 },
        { name: "Back", rows: 2, seatsPerRow: 12, amount: 4_000 },
      ],
    });
  });
  after(() => stage?.close());

  /** A fan whose turn it is, on the page. */
  async function choose(guest: Guest = {}): Promise<{ page: Page; fan: Fan; inside: Inside }> {
    const fan = await stage.house.fan();
    const inside = await stage.house.enter(fan, show);
    const page = await stage.open(`/performances/${show.id}/seats`, { fan, ...guest });
    await page.locator(".live:not(.late)").waitFor();
    return { page, fan, inside };
  }

  async function rival(): Promise<Inside> {
    return stage.house.enter(await stage.house.fan(), show);
  }

  async function take(inside: Inside, ordinal: number): Promise<string> {
    const { body } = await stage.house.hold(inside, { seatIds: [show.seatIds[ordinal]] }, { expect: 201 });
    return body.id;
  }

  const giveBack = (inside: Inside, id: string) =>
    stage.house.client.api("DELETE", `/reservations/${id}`, { token: inside.fan.token, expect: 204 });

  it("two fans at once · from the line to their tickets · each buys seats of their own", async () => {
    const own = await stage.house.makeShow();
    const pages = await Promise.all(
      [1, 2].map(async () => stage.open(`/queues/${own.queueId}`, { fan: await stage.house.fan() })),
    );
    const buy = async (page: Page) => {
      await page.getByRole("button", { name: "Join the line" }).click();
      await page.getByRole("button", { name: "Take my turn" }).click();
      await page.getByRole("button", { name: "Hold the best 2" }).click();
      await page.getByRole("button", { name: "Pay €180.00" }).click();
      await page.getByRole("link", { name: "See my tickets" }).click();
      await page
        .getByRole("img", { name: /^QR code/ })
        .nth(1)
        .waitFor();
      return page.locator(".codes p").allTextContents();
    };
    const bought = (await Promise.all(pages.map(buy))).flat();
    expect(bought).to.have.length(4);
    expect(new Set(bought).size).to.equal(4);
    expect(await stage.house.invariants()).to.deep.equal([]);
  });

  it("a seat under the cursor · somebody takes it, then gives it back · changes where it is", async () => {
    const { page } = await choose();
    const other = await rival();
    const { x, y } = (await screenOf(page, stage.house, show)).seat(16);
    await page.mouse.move(x, y);
    await page.getByText("Floor, row B, seat 5 · €90.00 · free").first().waitFor();
    const held = await take(other, 16);
    await page.getByText("Floor, row B, seat 5 · €90.00 · held by somebody").first().waitFor();
    await giveBack(other, held);
    await page.getByText("Floor, row B, seat 5 · €90.00 · free").first().waitFor();
  });

  it("a picked seat · is lost under the eyes · says which, offers the nearest, and takes it at one press", async () => {
    const { page } = await choose();
    const other = await rival();
    const { x, y } = (await screenOf(page, stage.house, show)).seat(17);
    await page.mouse.click(x, y);
    await page.getByRole("button", { name: "Put back Floor, row B, seat 6" }).waitFor();
    const held = await take(other, 17);
    const notice = page.getByRole("alert");
    await notice.getByText("Somebody else has just taken: Floor, row B, seat 6").waitFor();
    await notice.getByText("Floor, row B, seat 7 · €90.00").waitFor();
    await notice.getByRole("button", { name: "Take these instead" }).click();
    await page.getByRole("button", { name: "Put back Floor, row B, seat 7" }).waitFor();
    expect(await page.locator(".notices").textContent()).to.equal("");
    await giveBack(other, held);
  });

  it("hold · a seat goes at the very moment · the 409 says which and offers two side by side nearby", async () => {
    const { page } = await choose();
    const other = await rival();
    for (const ordinal of [20, 21]) {
      const { x, y } = (await screenOf(page, stage.house, show)).seat(ordinal);
      await page.mouse.click(x, y);
    }
    let held = "";
    await page.route("**/reservations", async (route) => {
      if (route.request().method() === "POST" && !held) held = await take(other, 21);
      await route.continue();
    });
    await page.getByRole("button", { name: "Hold 2 for" }).click();
    const notice = page.getByRole("alert");
    await notice.getByText("Somebody else has just taken: Floor, row B, seat 10").waitFor();
    await notice.getByRole("button", { name: "Take these instead" }).click();
    await page.getByRole("button", { name: "Hold 2 for" }).click();
    await page.waitForURL("**/checkout/*");
    await page.getByText("Floor, row B, seat 8").waitFor();
    await page.getByText("Floor, row B, seat 9").waitFor();
    await giveBack(other, held);
  });

  it("best available · two of a section · go straight to the checkout", async () => {
    const { page } = await choose();
    await page.getByLabel("How many").selectOption("3");
    await page.getByLabel("Section").selectOption({ label: "Back · €40.00" });
    await page.getByRole("button", { name: "Hold the best 3" }).click();
    await page.getByText("Total").waitFor();
    expect(await page.locator(".seat-lines dt").allTextContents()).to.deep.equal([
      "Back, row A, seat 5",
      "Back, row A, seat 6",
      "Back, row A, seat 7",
      "Total",
    ]);
  });

  it("keys alone · from the map to the tickets · buy a seat", async () => {
    const { page } = await choose();
    const press = async (key: string, times = 1) => {
      for (let count = 0; count < times; count += 1) await page.keyboard.press(key);
    };
    const tabTo = async (name: string | RegExp) => {
      const wanted = page.getByRole("button", { name }).or(page.getByRole("radio", { name }));
      for (let count = 0; count < 40; count += 1) {
        if (await wanted.evaluate((element) => element === document.activeElement)) return;
        await page.keyboard.press("Tab");
      }
      throw new Error(`Tab never reached ${name}`);
    };
    await page.getByRole("radio", { name: "Map" }).focus();
    await press("Tab");
    await press("ArrowDown");
    await press("ArrowDown", 2);
    await press("ArrowLeft", 2);
    const seat = (await page.locator(".seat-line").textContent()) ?? "";
    expect(seat).to.match(/^Floor, row C, seat \d+ · €90.00 · free$/);
    await press("Enter");
    await tabTo(/^Hold 1 for/);
    await press("Enter");
    await page.waitForURL("**/checkout/*");
    await page.getByText(seat.split(" · ")[0] as string).waitFor();
    await tabTo("A card that is accepted");
    await tabTo(/^Pay €90.00/);
    await press("Enter");
    await page.getByRole("heading", { name: "The seats are yours" }).waitFor();
    await page.getByRole("link", { name: "See my tickets" }).focus();
    await press("Enter");
    await page.getByRole("img", { name: /^QR code for Floor, row C/ }).waitFor();
  });

  it("list · a seat taken while one is on it · keeps the focus and says so; another is picked and held", async () => {
    const { page } = await choose();
    const other = await rival();
    await page.getByRole("radio", { name: "List" }).check();
    await page.getByLabel("Section").first().selectOption({ index: 1 });
    await page.getByLabel("Row").selectOption({ label: "Row B, 12 free" });
    const box = page.getByRole("checkbox", { name: "Seat 3" });
    await box.focus();
    const held = await take(other, 36 + 12 + 2);
    await page.getByRole("checkbox", { name: "Seat 3 held by somebody" }).waitFor();
    expect(await box.evaluate((element) => element === document.activeElement)).to.equal(true);
    await page.keyboard.press("Space");
    await page.getByRole("alert").getByText("This seat is taken.").waitFor();
    expect(await box.isChecked()).to.equal(false);
    await page.getByRole("checkbox", { name: "Seat 5" }).check();
    await page.getByRole("button", { name: "Hold 1 for €40.00" }).click();
    await page.waitForURL("**/checkout/*");
    await page.getByText("Back, row B, seat 5").waitFor();
    await giveBack(other, held);
  });

  it("fingers · pinch, then drag · the hall follows them, and a tap picks the seat below it", async () => {
    const { page } = await choose({ viewport: { width: 400, height: 700 }, hasTouch: true });
    const { corner, limits, seat } = await screenOf(page, stage.house, show);
    const devtools = await page.context().newCDPSession(page);
    const touch = (type: string, ...points: { x: number; y: number }[]) =>
      devtools.send("Input.dispatchTouchEvent", {
        type: type as "touchStart",
        touchPoints: points.map(({ x, y }, id) => ({ x: corner.x + x, y: corner.y + y, id })),
      });
    const from = [
      { x: 100, y: 150 },
      { x: 200, y: 150 },
    ] as const;
    const to = [
      { x: 60, y: 150 },
      { x: 260, y: 150 },
    ] as const;
    await touch("touchStart", ...from);
    await touch("touchMove", ...to);
    await touch("touchEnd");
    // A browser tells of one finger after the other.
    const half = pinch(wholeHall(limits), from, [to[0], from[1]], limits);
    const near = pinch(half, [to[0], from[1]], to, limits);
    await page.touchscreen.tap(seat(2, near).x, seat(2, near).y);
    await page.getByRole("button", { name: "Put back Floor, row A, seat 3" }).waitFor();

    await touch("touchStart", { x: 150, y: 150 });
    await touch("touchMove", { x: 90, y: 130 });
    await touch("touchEnd");
    const moved = pan(near, -60, -20, limits);
    await page.touchscreen.tap(seat(6, moved).x, seat(6, moved).y);
    await page.getByRole("button", { name: "Put back Floor, row A, seat 7" }).waitFor();
  });

  it("reduced motion · a zoom · is there with the next frame, and does not glide", async () => {
    const { page } = await choose({ reducedMotion: "reduce" });
    await page.mouse.move(0, 0);
    const [before, next, later] = await page.evaluate(async () => {
      const canvas = document.querySelector("canvas") as HTMLCanvasElement;
      const frames = async (count: number) => {
        for (let n = 0; n < count; n += 1) await new Promise(requestAnimationFrame);
        return canvas.toDataURL();
      };
      const before = await frames(1);
      (document.querySelector(".zoom button") as HTMLButtonElement).click();
      return [before, await frames(2), await frames(30)];
    });
    expect(next).to.not.equal(before);
    expect(next).to.equal(later);
  });

  it("the turn · near its end and over · is warned of in time, and ends with a way back to the line", async () => {
    const fan = await stage.house.fan();
    await stage.house.enter(fan, show);
    const page = await stage.open("/", { fan });
    await page.clock.install();
    await page.goto(`/performances/${show.id}/seats`);
    await page.locator(".live:not(.late)").waitFor();
    await page.clock.fastForward("09:15");
    await page.getByRole("status").getByText("Your turn ends in 1 minute").waitFor();
    await page.clock.fastForward("01:00");
    await page.getByRole("heading", { name: "Your turn is over" }).waitFor();
    expect(await page.getByRole("link", { name: "To the line" }).getAttribute("href")).to.equal(
      `/queues/${show.queueId}`,
    );
  });

  it("without a turn · not in this line · says so and shows no seats", async () => {
    const page = await stage.open(`/performances/${show.id}/seats`, { fan: await stage.house.fan() });
    await page.getByRole("heading", { name: "You are not in this line" }).waitFor();
    expect(await page.getByRole("application").count()).to.equal(0);
  });

  it("map and list · in both languages and themes, 320 px wide · have no fault that axe finds, and fit", async () => {
    const narrow = { viewport: { width: 320, height: 640 } };
    const { page: map } = await choose({ ...narrow, locale: "ko-KR", colorScheme: "light" });
    await map.getByRole("heading", { name: "좌석 선택" }).waitFor();
    await expectAccessible(map, "the map");
    await expectNoSideScroll(map, "the map");
    const { page: list } = await choose({ ...narrow, colorScheme: "dark" });
    await list.getByRole("radio", { name: "List" }).check();
    await list.getByRole("checkbox", { name: "Seat 7" }).check();
    await expectAccessible(list, "the list");
    await expectNoSideScroll(list, "the list");
  });
});
