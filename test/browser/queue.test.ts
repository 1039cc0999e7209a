/** The waiting room in a real browser: every state a fan can meet, and every way a connection can fail them. */
import { expect } from "chai";
import type { Page } from "playwright-core";
import { freePort } from "../../scripts/local/ports.ts";
import { atOnce } from "../support/house/at-once.ts";
import { type Program, run } from "../support/house/processes.ts";
import type { Fan, Show } from "../support/house.ts";
import { eventually } from "../support/wait.ts";
import {
  describeInBrowser,
  expectAccessible,
  expectNoSideScroll,
  type Guest,
  openStage,
  type Stage,
} from "./stage.ts";

const soon = (ms: number) => new Date(Date.now() + ms).toISOString();
/** So many pages keep two cores busy. */
const AT_ONCE = 4;
const PHONE = { width: 320, height: 640 };

describeInBrowser("browser · the waiting room", function () {
  this.timeout(120_000);
  const { over, start, settled } = atOnce(AT_ONCE);
  let stage: Stage;
  before(async () => {
    stage = await openStage();
    start();
  });
  after(async () => {
    await settled();
    await stage?.close();
  });

  /** A queue with room for one, who is inside, and others who wait before whoever comes next. */
  async function fullShow(others: number, queue: object = {}) {
    const { house } = stage;
    const show = await house.makeShow({ queue: { maxActive: 1, ...queue } });
    // A worker may still be loading it.
    await eventually(
      async () => (await house.client.api("GET", `/queues/${show.queueId}`)).body.phase === "open",
      { what: "the new queue", timeoutMs: 15_000 },
    );
    const insider = await house.enter(await house.fan(), show);
    const waiting = await house.fans(others);
    for (const fan of waiting) {
      const { body } = await house.join(fan, show);
      house.stream(`/ws/v1/queues/${show.queueId}`, body.ticket);
    }
    return { show, insider: insider.fan, waiting };
  }

  async function join(show: Show, guest: Guest = {}, fan?: Fan): Promise<{ page: Page; fan: Fan }> {
    const who = fan ?? (await stage.house.fan());
    return { page: await stage.open(`/queues/${show.queueId}?join`, { fan: who, ...guest }), fan: who };
  }

  const connected = (page: Page, connection = "live") =>
    page.locator(`[data-connection="${connection}"]`).waitFor();
  const state = (page: Page, name: string) => page.locator(`[data-state="${name}"]`).waitFor();
  const shown = (page: Page) => page.getByTestId("ahead").textContent();
  const isGone = (page: Page, text: string) => page.getByText(text).waitFor({ state: "hidden" });

  over(
    "waiting · until the turn · the number falls and never rises, the steps are said, one tap leads to the seats",
    async () => {
      const { show, insider, waiting } = await fullShow(12);
      const { page } = await join(show);
      await connected(page);
      expect(await shown(page)).to.equal("12");
      await page.getByText("Everybody who may be inside at once is inside.").waitFor();
      await page.getByText("When it is your turn you have 1 minute to take it").waitFor();
      await page.evaluate(() => {
        const seen: string[] = [];
        const note = () => {
          seen.push(document.querySelector("[data-testid=ahead]")?.textContent ?? "");
          seen.push(`said ${document.querySelector("p.hidden[role=status]")?.textContent}`);
        };
        new MutationObserver(note).observe(document.body, {
          subtree: true,
          childList: true,
          characterData: true,
        });
        Object.assign(window, { seen });
      });
      for (const fan of waiting.slice(0, 6)) await stage.house.leave(fan, show);
      await page.getByText("You are almost there.").waitFor();
      await page.waitForFunction(() => /^\([0-6]\) /.test(document.title));
      for (const fan of waiting.slice(6)) await stage.house.leave(fan, show);
      await page.getByText("You are next", { exact: true }).waitFor();
      await stage.house.leave(insider, show);
      await state(page, "admitted");
      await page.waitForFunction(() => document.title === "★ Your turn · An evening");
      const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
      const numbers = seen.filter((text) => /^\d+$/.test(text)).map(Number);
      expect(numbers).to.deep.equal([...numbers].sort((a, b) => b - a));
      expect(seen).to.include("said You are next.");
      await page.getByRole("button", { name: "Take my turn" }).click();
      await page.waitForURL(`**/performances/${show.id}/seats`);
    },
  );

  over(
    "reload, and a network that is away for a while · the same place, the old number dated and set apart",
    async () => {
      const { show } = await fullShow(3);
      const { page } = await join(show, { locale: "ko-KR", colorScheme: "dark", viewport: PHONE });
      await connected(page);
      await expectAccessible(page, "waiting");
      await expectNoSideScroll(page, "waiting");
      await page.reload();
      await connected(page);
      expect(await shown(page)).to.equal("3");
      await page.context().setOffline(true);
      await connected(page, "lost");
      await page.getByText(/연결이 끊겼습니다. .*기준/).waitFor();
      expect(await page.getByTestId("ahead").getAttribute("class")).to.contain("stale");
      await expectAccessible(page, "without a connection");
      await page.context().setOffline(false);
      await connected(page);
      expect(await shown(page)).to.equal("3");
    },
  );

  over("a phone that slept · on waking · knows its place at once", async () => {
    const { show, waiting } = await fullShow(5);
    let asleep = false;
    const fan = await stage.house.fan();
    const page = await stage.open("/", { fan });
    await page.routeWebSocket(/\/ws\/v1\/queues\//, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => void (asleep || socket.send(message)));
    });
    await page.goto(`/queues/${show.queueId}?join`);
    await connected(page);
    asleep = true;
    for (const other of waiting.slice(0, 3)) await stage.house.leave(other, show);
    await eventually(async () => (await stage.house.ticketOf(fan, show)).body.ahead === 2, {
      what: "the new place",
    });
    expect(await shown(page)).to.equal("5");
    // Longer than a page may be silent and still count as fresh.
    await page.waitForTimeout(3_100);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.waitForFunction(() => document.querySelector("[data-testid=ahead]")?.textContent === "2");
  });

  over(
    "a gateway killed and started again · while waiting · the page is back by itself, in its place",
    async () => {
      const { show } = await fullShow(4);
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const startGateway = (): Program => run("gateway", { ...stage.house.environment, PORT: String(port) });
      let gateway = startGateway();
      try {
        await gateway.ready();
        const { page } = await join(show, { url });
        await connected(page);
        expect(await shown(page)).to.equal("4");
        await gateway.kill();
        await connected(page, "lost");
        gateway = startGateway();
        await gateway.ready();
        await connected(page);
        expect(await shown(page)).to.equal("4");
        await page.context().close();
      } finally {
        await gateway.kill();
      }
    },
  );

  over("no WebSocket gets through · the place is asked for instead, up to the turn", async () => {
    const { show, insider } = await fullShow(0);
    const fan = await stage.house.fan();
    const page = await stage.open("/", { fan });
    await page.addInitScript(() => {
      class Blocked {
        onclose?: (event: { code: number }) => void;
        readyState = 0;
        constructor() {
          setTimeout(() => this.onclose?.({ code: 1006 }), 5);
        }
        close() {
          this.readyState = 3;
        }
      }
      Object.assign(window, { WebSocket: Object.assign(Blocked, { OPEN: 1 }) });
    });
    await page.goto(`/queues/${show.queueId}?join`);
    await connected(page, "polling");
    await page.getByText("You are next", { exact: true }).waitFor();
    await stage.house.leave(insider, show);
    await state(page, "admitted");
  });

  over("paused with a word of the organiser, then resumed · both are said, the place stays", async () => {
    const { show } = await fullShow(2);
    const { page } = await join(show, { viewport: PHONE });
    await connected(page);
    await stage.house.operator("POST", `/queues/${show.queueId}/pause`, undefined, 204);
    await page.getByRole("heading", { name: "Paused" }).waitFor();
    const texts = { ko: "조명이 나갔습니다." };
    await stage.house.operator("PUT", `/queues/${show.queueId}/notice`, { texts }, 204);
    const words = page.getByText("조명이 나갔습니다.");
    await words.waitFor();
    expect(await words.getAttribute("lang")).to.equal("ko");
    await expectAccessible(page, "paused");
    await stage.house.operator("POST", `/queues/${show.queueId}/resume`, undefined, 204);
    await page.getByRole("heading", { name: "Paused" }).waitFor({ state: "hidden" });
    expect(await shown(page)).to.equal("2");
  });

  over(
    "a lobby · until the opening · counts down, explains the draw, and then knows its place or its turn",
    async () => {
      const show = await stage.house.makeShow({
        queue: { lobbyOpensAt: soon(-1_000), opensAt: soon(20_000), maxActive: 1 },
      });
      const fan = await stage.house.fan();
      const page = await stage.open(`/queues/${show.queueId}`, { fan, locale: "ko-KR", viewport: PHONE });
      await page.getByRole("button", { name: "대기실 들어가기" }).click();
      await state(page, "lobby");
      await page.getByText("먼저 들어와도 유리하지 않습니다").first().waitFor();
      await page.getByRole("link", { name: "추첨과 내 순서 확인하기" }).waitFor();
      await expectAccessible(page, "the lobby");
      await expectNoSideScroll(page, "the lobby");
      await page.locator('[data-state="waiting"], [data-state="admitted"]').waitFor({ timeout: 60_000 });
    },
  );

  over("a sale that is to come · without a lobby yet · says when, and asks nobody to stay", async () => {
    const show = await stage.house.makeShow({ queue: { opensAt: soon(3_600_000) } });
    const page = await stage.open(`/queues/${show.queueId}`, { fan: await stage.house.fan() });
    await page.getByText("The waiting room is not open yet.").waitFor();
    expect(await page.getByRole("button", { name: /join|enter/i }).count()).to.equal(0);
    await expectAccessible(page, "before the lobby");
  });

  over(
    "a turn · whose claim fails once, and is left alone · is kept, then over with the reason, and one tap joins again",
    async () => {
      const show = await stage.house.makeShow({ queue: { arrivalSeconds: 12 } });
      const { page } = await join(show, { viewport: PHONE, reducedMotion: "reduce" });
      await state(page, "admitted");
      await page.route("**/claim", (route) => route.abort());
      await page.getByRole("button", { name: "Take my turn" }).press("Enter");
      await page.getByText(/That did not work just now. Your turn is kept until/).waitFor();
      await expectAccessible(page, "the turn");
      await state(page, "expired");
      await page.getByText(/It was your turn until .*, and it was not taken/).waitFor();
      await expectAccessible(page, "a turn that is over");
      await page.getByRole("button", { name: "Join again at the end" }).press("Enter");
      await state(page, "admitted");
    },
  );

  over("removed by an operator · is told so, and whom to ask", async () => {
    const { show } = await fullShow(1);
    const { page, fan } = await join(show);
    await connected(page);
    const { ticketId } = (await stage.house.ticketOf(fan, show)).body;
    await stage.house.operator(
      "POST",
      `/queues/${show.queueId}/tickets/${ticketId}/remove`,
      { reason: "bot" },
      204,
    );
    await state(page, "removed");
    await page.getByText("ask the organiser").waitFor();
    await page.reload();
    await page.getByText("ask the organiser").waitFor();
  });

  over("sold out while waiting · is told so at once", async () => {
    const { house } = stage;
    const show = await house.makeShow({
      queue: { maxActive: 1 },
      sections: [{ name: "Floor", rows: 1, seatsPerRow: 1, amount: 1_000 }],
    });
    const inside = await house.enter(await house.fan(), show);
    const held = await house.hold(inside, { seatIds: show.seatIds }, { expect: 201 });
    const { page } = await join(show);
    await connected(page);
    await page.getByText("Every seat that is left is in somebody's hands right now.").waitFor();
    expect(await page.getByText("You are almost there.").count()).to.equal(0);
    await house.pay(inside.fan, held.body.id);
    await state(page, "sold_out");
    await expectAccessible(page, "sold out");
  });

  over("one tab too many · stops the oldest, which can be taken up again by a tap", async () => {
    const { show } = await fullShow(1);
    const { page, fan } = await join(show);
    await connected(page);
    const { ticket } = (await stage.house.ticketOf(fan, show)).body;
    const tabs = Array.from({ length: 5 }, () => stage.house.stream(`/ws/v1/queues/${show.queueId}`, ticket));
    await page.getByRole("heading", { name: "Open in another tab" }).waitFor();
    await page.getByRole("button", { name: "Use this tab" }).click();
    await connected(page);
    for (const tab of tabs) tab.close();
  });

  over("by keyboard alone · joins, sets the sound, thinks again, leaves, and may come back", async () => {
    const { show } = await fullShow(1);
    const fan = await stage.house.fan();
    const page = await stage.open(`/queues/${show.queueId}`, { fan });
    const press = async (name: string, role: "button" | "checkbox" = "button") => {
      const wanted = page.getByRole(role, { name, exact: true });
      await wanted.waitFor();
      for (let tabs = 0; tabs < 30; tabs += 1) {
        if (await wanted.evaluate((element) => element === document.activeElement)) {
          await page.keyboard.press(role === "checkbox" ? "Space" : "Enter");
          return;
        }
        await page.keyboard.press("Tab");
      }
      throw new Error(`${name} can't be reached with the Tab key`);
    };
    await press("Join the line");
    await connected(page);
    await press("with a sound", "checkbox");
    expect(await page.getByLabel("with a sound").isChecked()).to.equal(true);
    await press("Leave the line");
    await press("Stay");
    await press("Leave the line");
    await press("Leave");
    await press("Join the line");
    await connected(page);
    await isGone(page, "Join the line");
  });

  over("reduced motion · wished · nothing moves by itself", async () => {
    const { show } = await fullShow(1);
    const { page } = await join(show, { reducedMotion: "reduce" });
    await connected(page);
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll("*")].flatMap((element) => {
        const { animationDuration, transitionDuration } = getComputedStyle(element);
        return [animationDuration, transitionDuration].filter((duration) => !/^0s(, 0s)*$/.test(duration));
      }),
    );
    expect(moving).to.deep.equal([]);
  });
});
