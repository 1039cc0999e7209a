/** The browser of this machine, for the tests and benchmarks of the pages. */
import { accessSync, constants } from "node:fs";
import path from "node:path";

/** The shell first: the same engine without the windows of a desktop, which took a third of the tests' time in it. */
const NAMES = [
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
];

export const CHROMIUM_FLAGS: readonly string[] = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** @returns null where there is no chromium; `TEST_CHROMIUM` names one that is not on the PATH. */
export function findChromium(): string | null {
  if (process.env.TEST_CHROMIUM) return process.env.TEST_CHROMIUM;
  for (const name of NAMES)
    for (const folder of (process.env.PATH ?? "").split(path.delimiter))
      if (isProgram(path.join(folder, name))) return path.join(folder, name);
  return null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
