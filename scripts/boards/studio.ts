/** A browser in which boards are drawn, and photographed. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";
import { build, type Rollup } from "vite";
import { RefusedError } from "../cli.ts";
import { CHROMIUM_FLAGS, findChromium } from "../local/chromium.ts";
import { WIDTH } from "./layout.ts";
import type { Drawing } from "./panel.ts";
import { encodePng, type IndexedPicture } from "./png.ts";

export interface Sheet {
  readonly title: string;
  /** Milliseconds since 1970, as `to`. */
  readonly from: number;
  readonly to: number;
  readonly panels: readonly Drawing[];
}

export interface Studio {
  /** @throws Error with what went wrong in the page. */
  draw(sheet: Sheet, file: string): Promise<void>;
  close(): Promise<void>;
}

const PAGE = path.join(import.meta.dirname, "page");
const UPLOT_STYLE = path.resolve(import.meta.dirname, "../../node_modules/uplot/dist/uPlot.min.css");

/** @throws RefusedError where there is no browser. */
export async function openStudio(): Promise<Studio> {
  const executablePath = findChromium();
  if (!executablePath)
    throw new RefusedError("The boards are drawn by chromium, and there is none on the PATH.");
  const [program, ...styles] = await Promise.all([
    bundle(path.join(PAGE, "sheet.ts")),
    readFile(UPLOT_STYLE, "utf8"),
    readFile(path.join(PAGE, "sheet.css"), "utf8"),
  ]);
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS] });
  return {
    async draw(sheet, file) {
      await mkdir(path.dirname(file), { recursive: true });
      const page = await browser.newPage({ viewport: { width: WIDTH, height: 600 } });
      // uPlot draws behind the call that asks for it.
      const faults: Error[] = [];
      page.on("pageerror", (fault) => faults.push(fault));
      try {
        await page.setContent("<!doctype html><html lang='en'><body></body></html>");
        for (const content of styles) await page.addStyleTag({ content });
        await page.addScriptTag({ content: program });
        await page.evaluate(`sheet.draw(${JSON.stringify(sheet)})`);
        const shot = (await page.screenshot({ fullPage: true })).toString("base64");
        if (faults[0]) throw faults[0];
        const colours = JSON.stringify(coloursOf(sheet));
        const picture = await page.evaluate(`sheet.reduceColours("${shot}", ${colours})`);
        await writeFile(file, encodePng(picture as IndexedPicture));
      } finally {
        await page.close();
      }
    },
    close: () => browser.close(),
  };
}

const coloursOf = ({ panels }: Sheet): string[] => [
  ...new Set(panels.flatMap(({ graph }) => graph?.lines.map(({ colour }) => colour) ?? [])),
];

/** One script without imports, which leaves `sheet` to the page. */
async function bundle(entry: string): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, lib: { entry, formats: ["iife"], name: "sheet" } },
  })) as Rollup.RollupOutput[];
  const code = built[0]?.output[0].code;
  if (!code) throw new Error(`${entry} became nothing`);
  return code;
}
