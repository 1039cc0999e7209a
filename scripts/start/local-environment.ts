/**
 * How the other npm scripts find a Fast Pass that `npm start` runs in this clone: it leaves its addresses and secrets
 * in `.fastpass/environment.json` for as long as it runs.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

export const LOCAL_HOME = path.resolve(import.meta.dirname, "..", "..", ".fastpass");

const SHARED = [
  "DATABASE_URL",
  "REDIS_URL",
  "FASTPASS_ACCESS_SECRET",
  "FASTPASS_TICKET_SECRET",
  "FASTPASS_WEBHOOK_SECRET",
  "FASTPASS_LIMITS",
];
const FILE = path.join(LOCAL_HOME, "environment.json");

/** @returns how to take it away again. */
export function shareEnvironment(environment: NodeJS.ProcessEnv): () => void {
  const shared = Object.fromEntries(
    SHARED.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  // Its secrets are those of this machine's private servers; nobody else may read them.
  writeFileSync(FILE, JSON.stringify(shared, null, 2), { mode: 0o600 });
  return () => rmSync(FILE, { force: true });
}

/** What is set, completed from the running `npm start` of this clone unless another database is named. */
export function withLocalEnvironment(given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  let shared: NodeJS.ProcessEnv;
  try {
    shared = JSON.parse(readFileSync(FILE, "utf8"));
  } catch {
    return given; // Nothing runs here.
  }
  const same = given.DATABASE_URL === undefined || given.DATABASE_URL === shared.DATABASE_URL;
  return same ? { ...shared, ...given } : given;
}
