/** The stage, drawn before the first row and bowed like it; the layout says only where its middle line is. */
import type { Box, Hall } from "./hall.ts";
import type { Point } from "./view.ts";

export interface Stage {
  /** The outline: the back from left to right, then the front from right to left. */
  readonly outline: readonly Point[];
  readonly middle: Point;
  readonly box: Box;
}

const GAP_CM = 170;
const DEPTH_CM = 260;
/** The part of the first row that the stage is as wide as. */
const WIDTH = 0.7;
const LEAST_WIDTH_CM = 500;

export function stageOf(hall: Hall): Stage {
  const [firstRow] = hall.sections[0]?.rows ?? [];
  const seats = hall.rows[firstRow ?? -1]?.seats ?? [];
  const spots = seats.map((ordinal) => ({ x: hall.x[ordinal] as number, y: hall.y[ordinal] as number }));
  const reach = Math.max(...spots.map(({ x }) => Math.abs(x))) * WIDTH;
  const front = spots.filter(({ x }) => Math.abs(x) <= reach).map(({ x, y }) => ({ x, y: y - GAP_CM }));
  const half = Math.max(LEAST_WIDTH_CM / 2, reach);
  const lips = front.length > 0 ? front : [{ x: 0, y: hall.box.top - GAP_CM }];
  const edge = [{ x: -half, y: lips[0]?.y ?? 0 }, ...lips, { x: half, y: lips.at(-1)?.y ?? 0 }];
  const nearest = Math.min(...edge.map(({ y }) => y));
  const deepest = Math.max(...edge.map(({ y }) => y));
  const top = nearest - DEPTH_CM;
  return {
    outline: [{ x: -half, y: top }, { x: half, y: top }, ...edge.toReversed()],
    middle: { x: 0, y: (top + deepest) / 2 },
    box: { left: -half, top, right: half, bottom: deepest },
  };
}

export function union(a: Box, b: Box): Box {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}
