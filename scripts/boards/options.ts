/** What `npm run boards` was asked for. */
import path from "node:path";
import { parseArgs } from "node:util";
import { parseOrExplain, UsageError } from "../cli.ts";
import { BOARD_NAMES } from "./board.ts";
import { readTime, type TimeRange } from "./time.ts";

export const USAGE = `npm run boards -- --out FOLDER [options]
  Draws the boards of deploy/grafana/boards into FOLDER, as board-NAME.png.

  --out FOLDER           where the pictures go
  --prometheus URL       the Prometheus that has the figures (http://localhost:9090)
  --from TIME            where the time begins: now-15m and the like, or 2026-01-31T20:00:00Z (now-15m)
  --to TIME              where it ends (now)
  --board NAME           only this one of ${BOARD_NAMES.join(", ")}; may be given several times`;

export interface Options {
  readonly prometheus: URL;
  readonly range: TimeRange;
  readonly out: string;
  /** None: all boards. */
  readonly names: readonly string[];
}

/** @throws UsageError */
export function readOptions(args: string[], now = Date.now()): Options {
  const { values } = parseOrExplain(USAGE, () =>
    parseArgs({
      args,
      options: {
        out: { type: "string" },
        prometheus: { type: "string" },
        from: { type: "string" },
        to: { type: "string" },
        board: { type: "string", multiple: true },
      },
    }),
  );
  if (!values.out) throw new UsageError("--out FOLDER is missing: say where the pictures go.");
  const prometheus = values.prometheus ?? "http://localhost:9090";
  if (!URL.canParse(prometheus) || !/^https?:/.test(prometheus))
    throw new UsageError("--prometheus must be an address such as http://localhost:9090.");
  const time = (name: "from" | "to", usual: string) => {
    const read = readTime(values[name] ?? usual, now);
    if (read === null)
      throw new UsageError(`--${name} must be a time such as now-15m or 2026-01-31T20:00:00Z.`);
    return read;
  };
  const range = { from: time("from", "now-15m"), to: time("to", "now") };
  if (range.from >= range.to) throw new UsageError("--from must be before --to.");
  const names = values.board ?? [];
  const unknown = names.find((name) => !BOARD_NAMES.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--board ${unknown} must be one of ${BOARD_NAMES.join(", ")}.`);
  return { prometheus: new URL(prometheus), range, out: path.resolve(values.out), names };
}
