/** Where seats are on a page's map, worked out as the page does it. */
import type { Page } from "playwright-core";
import { toHall } from "../../src/web/seat-map/hall.ts";
import { stageOf, union } from "../../src/web/seat-map/stage.ts";
import { limitsOf, type Point, toScreen, wholeHall } from "../../src/web/seat-map/view.ts";
import type { House, Show } from "../support/house.ts";

/** @returns the middle of a seat on the screen, while the map shows the whole hall. */
export async function seatOnScreen(page: Page, house: House, show: Show, ordinal: number): Promise<Point> {
  const { body } = await house.client.api("GET", `/performances/${show.id}/layout`, { expect: 200 });
  const hall = toHall(body);
  const canvas = page.getByRole("application");
  await canvas.scrollIntoViewIfNeeded();
  const frame = (await canvas.boundingBox()) as { x: number; y: number; width: number; height: number };
  const limits = limitsOf(union(hall.box, stageOf(hall).box), frame);
  const { x, y } = toScreen(wholeHall(limits), { x: hall.x[ordinal]!, y: hall.y[ordinal]! });
  return { x: frame.x + x, y: frame.y + y };
}
