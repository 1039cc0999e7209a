/** Where a panel lies: Grafana's grid of 24 columns, in pixels. */

export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Of a whole picture. */
export const WIDTH = 1_500;
const COLUMNS = 24;
/** Grafana's rows are 30 high; a picture in a text is looked at closer and may be shorter. */
const ROW = 22;
const GAP = 8;

export function boxOf({ x, y, w, h }: GridPos): Box {
  const column = (WIDTH - GAP) / COLUMNS;
  return {
    left: Math.round(GAP + x * column),
    top: y * (ROW + GAP),
    width: Math.round(w * column - GAP),
    height: h * (ROW + GAP) - GAP,
  };
}
