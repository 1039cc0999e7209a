/** Finds k6: on the PATH, in our cache, or made by Go into that cache. */
import { execFile } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { type Say, SetupError } from "../local/setup-error.ts";

const run = promisify(execFile);
const CACHE = path.resolve(import.meta.dirname, "../../node_modules/.cache/fastpass/bin");
/** The module's name carries its major version from the second on; where that is not published, the first serves. */
const MODULES = ["go.k6.io/k6/v2@latest", "go.k6.io/k6@latest"];
const HINT = "get it from https://grafana.com/docs/k6/latest/set-up/install-k6/ or install Go, and try again";

/** @throws SetupError when there is none and none can be made. */
export async function findK6(say: Say): Promise<string> {
  if (await answers("k6", "version")) return "k6";
  const cached = path.join(CACHE, "k6");
  if (await exists(cached)) return cached;
  if (!(await answers("go", "version"))) throw new SetupError(`k6 is not on the PATH; ${HINT}.`);
  say("Making k6 by Go, once; it takes a minute or two …");
  await mkdir(CACHE, { recursive: true });
  let failure = "";
  for (const module of MODULES) {
    try {
      await run("go", ["install", module], { cwd: CACHE, env: { ...process.env, GOBIN: CACHE } });
      return cached;
    } catch (fault) {
      failure = (fault as Error).message.trim().split("\n").at(-1) ?? "";
    }
  }
  throw new SetupError(`k6 is not on the PATH, and Go could not make it (${failure}); ${HINT}.`);
}

async function answers(command: string, question: string): Promise<boolean> {
  return run(command, [question]).then(
    () => true,
    () => false,
  );
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
