/**
 * `npm run boards -- --out FOLDER`: the Grafana boards of deploy/grafana as pictures, drawn from their JSON and from what a
 * Prometheus has of a stretch of time.
 *
 * Exits 0 when every board is drawn whole, 1 when a panel can't be, 2 for a wrong call.
 */
import path from "node:path";
import { readBoards, SCRAPE_SECONDS } from "./boards/board.ts";
import { readOptions, USAGE } from "./boards/options.ts";
import { fillPanel } from "./boards/panel.ts";
import { openStudio } from "./boards/studio.ts";
import { runCli } from "./cli.ts";

await runCli(() => main(process.argv.slice(2)));

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(USAGE);
    return;
  }
  const { prometheus, range, out, names } = readOptions(args);
  const boards = (await readBoards()).filter(({ name }) => names.length === 0 || names.includes(name));
  // All of them first: a board that can't be drawn leaves no half a set behind.
  const filled = [];
  for (const { name, title, panels } of boards) {
    const drawings = [];
    for (const panel of panels) drawings.push(await fillPanel(panel, prometheus, range, SCRAPE_SECONDS));
    filled.push({ name, title, drawings });
  }
  const studio = await openStudio();
  try {
    for (const { name, title, drawings } of filled) {
      const file = path.join(out, `board-${name}.png`);
      await studio.draw({ title, from: range.from, to: range.to, panels: drawings }, file);
      const empty = drawings.filter(({ graph }) => graph === null).map((drawing) => drawing.title);
      console.log(`${file}${empty.length > 0 ? `; no data: ${empty.join(", ")}` : ""}`);
    }
  } finally {
    await studio.close();
  }
}
