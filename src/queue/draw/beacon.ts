/**
 * The public value that is mixed into a draw: something that nobody could know when the list was fixed, from a source
 * that was named before the lobby opened.
 */
import { readFile } from "node:fs/promises";

export interface Beacon {
  /**
   * What the source says now; '' when it says nothing yet.
   * @throws Error when it can't be asked, or what it says is no value.
   */
  read(): Promise<string>;
}

const TIMEOUT_MS = 3_000;
const MOST_CHARACTERS = 1_024;

/** @param source an http or https address, the path of a file, or '' for none. */
export function openBeacon(source: string): Beacon | null {
  if (source === "") return null;
  return /^https?:\/\//.test(source) ? httpBeacon(source) : fileBeacon(source);
}

/** What may be said of the source in public: an address anybody can ask, but of a file only that it is one. */
export function publicSource(source: string): string {
  return /^https?:\/\//.test(source) ? source : "file";
}

function httpBeacon(url: string): Beacon {
  return {
    async read() {
      const answer = await fetch(url, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: "error",
        headers: { "Cache-Control": "no-cache" },
      });
      if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
      const length = Number(answer.headers.get("content-length") ?? 0);
      if (length > MOST_CHARACTERS) throw new Error(`${url} says more than ${MOST_CHARACTERS} characters`);
      return cleanValue(url, await readUpTo(answer));
    },
  };
}

async function readUpTo(answer: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of answer.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    // Leaving the loop cancels the rest.
    if (text.length > MOST_CHARACTERS) break;
  }
  return text;
}

function fileBeacon(path: string): Beacon {
  return {
    async read() {
      try {
        return cleanValue(path, await readFile(path, "utf8"));
      } catch (fault) {
        if ((fault as NodeJS.ErrnoException).code === "ENOENT") return "";
        throw fault;
      }
    },
  };
}

/** White space around it is no part of the value: an editor's last line break must not decide a draw. */
function cleanValue(source: string, text: string): string {
  const value = text.trim();
  if (value.length > MOST_CHARACTERS)
    throw new Error(`${source} says more than ${MOST_CHARACTERS} characters`);
  if (!/^[\x20-\x7e]*$/.test(value)) throw new Error(`${source} says something else than printable ASCII`);
  return value;
}
