/** The page on which a draw is checked: the arithmetic is the browser's, and it finds what is wrong. */
import { expect } from "chai";
import type { Page } from "playwright-core";
import type { Fan, Show } from "../support/house.ts";
import {
  describeInBrowser,
  expectAccessible,
  expectNoSideScroll,
  type Guest,
  openStage,
  type Stage,
} from "./stage.ts";

const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
const FANS = 6;

describeInBrowser("browser · the draw", function () {
  this.timeout(90_000);
  let stage: Stage;
  let show: Show;
  let fans: Fan[];
  let late: Fan;
  before(async () => {
    stage = await openStage();
    const queue = { lobbyOpensAt: at(-60), opensAt: at(3_600), maxActive: 1, ratePerMinute: 1 };
    show = await stage.house.makeShow({ queue });
    [late, ...fans] = (await stage.house.fans(FANS + 1)) as [Fan, ...Fan[]];
    for (const fan of fans) await stage.house.join(fan, show);
  });
  after(() => stage?.close());

  const open = (guest: Guest = {}) => stage.open(`/queues/${show.queueId}/draw`, guest);
  const outcomes = (page: Page) => page.locator(".outcomes li").allTextContents();

  it("in the lobby, through the draw, to the end · one page shows the commitment, then the place, and checks all", async () => {
    const page = await open({ fan: fans[0] as Fan, viewport: { width: 320, height: 700 } });
    await page.getByText("The lobby has not closed yet.").waitFor();
    const { body } = await stage.house.client.api("GET", `/queues/${show.queueId}/draw`, { expect: 200 });
    await page.getByText(body.commitment).waitFor();
    expect(await page.getByRole("button", { name: "Check the whole order" }).count()).to.equal(0);
    await expectAccessible(page, "before the draw");

    await stage.house.operator("PATCH", `/queues/${show.queueId}`, { opensAt: at(-1) }, 200);
    await page.getByText("The seed is the one that was committed to.").waitFor();
    await page.getByText("Your ticket is on the list.").waitFor();
    await page.getByRole("button", { name: "Check the whole order" }).click();
    await page.getByText(`All ${FANS} places are the ones that seed and list give.`).waitFor();
    const [, place] = /Place (\d) of 6/.exec((await page.locator("main").textContent()) ?? "") ?? [];
    await page.getByText(`Your ticket has place ${place} in the order your browser made.`).waitFor();
    expect((await outcomes(page)).every((text) => text.includes("Right."))).to.equal(true);
    await expectAccessible(page, "after the draw");
    await expectNoSideScroll(page, "after the draw");
  });

  it("a stranger, and a fan who came late · see what was published, and why there is no place to check", async () => {
    const page = await open();
    await page.getByRole("link", { name: "Log in to check your own place" }).waitFor();
    await page.getByRole("button", { name: "Check the whole order" }).click();
    await page.getByText(`All ${FANS} places`).waitFor();
    await stage.house.join(late, show);
    const other = await open({ fan: late });
    await other.getByText("Your ticket came after the lobby had closed.").waitFor();
  });

  it("in Korean · says the same", async () => {
    const page = await open({ fan: fans[1] as Fan, locale: "ko-KR" });
    await page.getByText("시드가 약속값과 일치합니다.").waitFor();
    await page.getByRole("button", { name: "전체 순서 확인하기" }).click();
    await page.getByText("6개 순서가 모두 시드와 명단에서 나온 순서와 같습니다.").waitFor();
    await expectAccessible(page, "in Korean");
  });

  it("two places exchanged, or another seed, on the way here · are named as wrong", async () => {
    const page = await open({ fan: fans[2] as Fan });
    await page.route("**/draw/entries", async (route) => {
      const lines = (await (await route.fetch()).text()).trimEnd().split("\n");
      const ids = lines.map((line) => JSON.parse(line).ticketId);
      const exchanged = [ids[1], ids[0], ...ids.slice(2)];
      const body = exchanged
        .map((ticketId, index) => JSON.stringify({ place: index + 1, ticketId }))
        .join("\n");
      await route.fulfill({ body, contentType: "application/x-ndjson" });
    });
    await page.getByRole("button", { name: "Check the whole order" }).click();
    await page.getByText(/Wrong\. order: 2 of 6 places have another ticket/).waitFor();

    await page.route("**/draw", async (route) => {
      if (!route.request().url().includes("/api/")) return route.fallback();
      const draw = await (await route.fetch()).json();
      return route.fulfill({ json: { ...draw, seed: "00".repeat(32) } });
    });
    await page.reload();
    await page.getByText("Wrong. The seed is not the one that was committed to.").waitFor();
  });
});
