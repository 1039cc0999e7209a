/** The error lines of a process's log. */
import { readFile } from "node:fs/promises";

const MOST_CHARACTERS = 400;

/** @returns one short line for each line of level `error`, and for each that is no log line, as a crash writes them. */
export async function readErrors(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    try {
      const entry = JSON.parse(line) as { level?: string; message?: string; fault?: { message?: string } };
      if (entry.level !== "error") return [];
      return [shorten(`${entry.message} ${entry.fault?.message ?? ""} ${line}`)];
    } catch {
      return [shorten(line)];
    }
  });
}

function shorten(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
