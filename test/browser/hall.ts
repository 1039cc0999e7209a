/** Where seats are on a page's map, worked out as the page does it. */
import type { Page } from "playwright-core";
import { type Hall, toHall } from "../../src/web/seat-map/hall.ts";
import { stageOf, union } from "../../src/web/seat-map/stage.ts";
import {
  type Limits,
  limitsOf,
  type Point,
  toScreen,
  type View,
  wholeHall,
} from "../../src/web/seat-map/view.ts";
import type { House, Show } from "../support/house.ts";

export interface Screen {
  readonly limits: Limits;
  /** The map's left upper corner in the window. */
  readonly corner: Point;
  /** The middle of a seat in the window; the map shows the whole hall unless another view is named. */
  seat(ordinal: number, view?: View): Point;
}

export async function screenOf(page: Page, house: House, show: Show): Promise<Screen> {
  const { body } = await house.client.api("GET", `/performances/${show.id}/layout`, { expect: 200 });
  const hall: Hall = toHall(body);
  const canvas = page.getByRole("application");
  await canvas.scrollIntoViewIfNeeded();
  const frame = (await canvas.boundingBox()) as { x: number; y: number; width: number; height: number };
  const limits = limitsOf(union(hall.box, stageOf(hall).box), frame);
  return {
    limits,
    corner: frame,
    seat(ordinal, view = wholeHall(limits)) {
      const { x, y } = toScreen(view, { x: hall.x[ordinal]!, y: hall.y[ordinal]! });
      return { x: frame.x + x, y: frame.y + y };
    },
  };
}
