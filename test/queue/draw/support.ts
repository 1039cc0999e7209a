/** Draws as published, for tests: from the rooms' tables and from the vectors that the verifiers share. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import type { Database } from "../../../src/platform/postgres.ts";
import { createDraws } from "../../../src/queue/draw/proofs.ts";
import type { LineStore } from "../../../src/queue/line-store.ts";
import { type PublishedDraw, readEntries } from "../../../src/web/draw-check/verify.ts";

export interface SavedDraw {
  readonly draw: PublishedDraw;
  readonly entries: readonly string[];
}

const FAIRNESS = path.resolve(import.meta.dirname, "../../../docs/fairness");
const VECTORS = path.join(FAIRNESS, "vectors");

export const VECTOR_NAMES = readdirSync(VECTORS)
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => path.basename(file, ".json"));

export const vectorFile = (name: string): string => path.join(VECTORS, `${name}.json`);

export function readVector(name: string): SavedDraw {
  return JSON.parse(readFileSync(vectorFile(name), "utf8"));
}

export async function readAll(body: Readable): Promise<string> {
  let text = "";
  for await (const chunk of body) text += chunk;
  return text;
}

/** As anybody can fetch it. */
export async function publishedDraw(db: Database, store: LineStore, queueId: string): Promise<SavedDraw> {
  const draws = createDraws(db, store);
  const draw = await draws.record(queueId);
  const body = await draws.entries(queueId);
  if (!draw || !body) throw new Error("nothing was drawn");
  const { order: entries, findings } = readEntries(await readAll(body));
  if (findings.length > 0) throw new Error(JSON.stringify(findings));
  return { draw, entries };
}

export const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** What the verifier in Python says of a draw. */
export function askPython(source: SavedDraw | string): { readonly code: number; readonly lines: string[] } {
  if (typeof source === "string") return runPython(source);
  const folder = mkdtempSync(path.join(tmpdir(), "fastpass-draw-"));
  try {
    const file = path.join(folder, "draw.json");
    writeFileSync(file, JSON.stringify(source));
    return runPython(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runPython(source: string) {
  const { status, stdout, stderr } = spawnSync("python3", ["-B", path.join(FAIRNESS, "verify.py"), source], {
    encoding: "utf8",
  });
  return { code: status ?? -1, lines: `${stdout}${stderr}`.trim().split("\n") };
}

/** The same without standing in the way of a server in this very process. */
export function askPythonBeside(
  source: string,
): Promise<{ readonly code: number; readonly lines: string[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn("python3", ["-B", path.join(FAIRNESS, "verify.py"), source]);
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        text += chunk;
      });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, lines: text.trim().split("\n") }));
  });
}

/** One hexadecimal digit is another one. */
export function flip(text: string, at: number): string {
  const other = text[at] === "0" ? "1" : "0";
  return text.slice(0, at) + other + text.slice(at + 1);
}
