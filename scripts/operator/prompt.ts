import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { RefusedError } from "../cli.ts";

/** Asks in the terminal without showing what is typed. @throws RefusedError on Ctrl-C or Ctrl-D. */
export async function askSecret(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const closed = new Promise<never>((_, reject) => {
    terminal.once("close", () => reject(new RefusedError("Stopped; nothing was made.")));
  });
  process.stdout.write(question);
  try {
    return await Promise.race([terminal.question(""), closed]);
  } finally {
    closed.catch(() => undefined);
    terminal.close();
    process.stdout.write("\n");
  }
}
