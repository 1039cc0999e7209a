/**
 * `npm run draw:verify -- <address or file>`: checks a whole draw and names what is wrong.
 *
 * The address is a queue's, such as https://tickets.example/api/v1/queues/<queueId>; the file is what `--save` wrote.
 */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Finding, type PublishedDraw, readEntries, verifyDraw } from "../src/web/draw-check/verify.ts";
import { parseOrExplain, RefusedError, runCli, UsageError } from "./cli.ts";

const USAGE = "npm run draw:verify -- <address of a queue, or file> [--save FILE]";

interface SavedDraw {
  readonly draw: PublishedDraw;
  /** ticketIds, the first place first. */
  readonly entries: readonly string[];
}

await runCli(async () => {
  const { positionals, values } = parseOrExplain(USAGE, () =>
    parseArgs({ allowPositionals: true, options: { save: { type: "string" } } }),
  );
  const [source, ...more] = positionals;
  if (source === undefined || more.length > 0) throw new UsageError(`Usage: ${USAGE}`);
  const { draw, entries, findings: unread } = await load(source);
  if (values.save !== undefined) await save(values.save, { draw, entries });
  const { findings, warnings } =
    unread.length > 0 ? { findings: unread, warnings: [] } : await verifyDraw(draw, entries);
  for (const warning of warnings) console.log(`note: ${warning}`);
  for (const { part, detail } of findings) console.log(`WRONG ${part}: ${detail}`);
  if (findings.length > 0) process.exitCode = 1;
  else console.log(`ok: the order of ${entries.length} tickets is the one that was committed to`);
});

async function load(source: string): Promise<SavedDraw & { readonly findings: readonly Finding[] }> {
  return /^https?:\/\//.test(source) ? fetchDraw(source) : readDraw(source);
}

async function fetchDraw(address: string): Promise<SavedDraw & { readonly findings: readonly Finding[] }> {
  const base = `${address.replace(/\/+$/, "").replace(/\/draw$/, "")}/draw`;
  const draw = parseDraw(base, await fetchText(base));
  if (draw.root === null || draw.seed === null) return { draw, entries: [], findings: [] };
  const { order: entries, findings } = readEntries(await fetchText(`${base}/entries`));
  return { draw, entries, findings };
}

async function fetchText(address: string): Promise<string> {
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new RefusedError(`${address} answers ${answer.status}.`);
    return await answer.text();
  } catch (fault) {
    if (fault instanceof RefusedError) throw fault;
    throw new RefusedError(`${address} can't be read: ${(fault as Error).message}.`);
  }
}

async function readDraw(file: string): Promise<SavedDraw & { readonly findings: readonly Finding[] }> {
  const text = await readFile(file, "utf8").catch((fault: Error) => {
    throw new RefusedError(`${file} can't be read: ${fault.message}.`);
  });
  const saved = parseJson(file, text) as Partial<SavedDraw> | null;
  if (!saved?.draw?.counts || !Array.isArray(saved.entries))
    throw new RefusedError(`${file} must hold {"draw": …, "entries": […]}, as --save writes it.`);
  const entries = saved.entries.map(String);
  return { draw: saved.draw, entries, findings: [] };
}

function parseDraw(source: string, text: string): PublishedDraw {
  const draw = parseJson(source, text) as Partial<PublishedDraw> | null;
  if (!draw?.algorithm || !draw.counts) throw new RefusedError(`${source} does not answer with a draw.`);
  return draw as PublishedDraw;
}

function parseJson(source: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const hint = /^https?:/.test(source) ? "; the address is that of the API, with /api/v1 in it" : "";
    throw new RefusedError(`${source} is not JSON${hint}.`);
  }
}

async function save(file: string, saved: SavedDraw): Promise<void> {
  await writeFile(file, `${JSON.stringify(saved)}\n`).catch((fault: Error) => {
    throw new RefusedError(`${file} can't be written: ${fault.message}.`);
  });
}
