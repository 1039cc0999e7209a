/** The secrets of a Fast Pass that runs on one machine for itself: made once, so that tokens outlive a restart. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const NAMES = ["FASTPASS_ACCESS_SECRET", "FASTPASS_TICKET_SECRET", "FASTPASS_WEBHOOK_SECRET"];

/** @param home the folder they are kept in, readable by its owner alone. */
export function localSecrets(home: string): Record<string, string> {
  const file = path.join(home, "secrets.json");
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== "ENOENT") throw fault;
  }
  const secrets = Object.fromEntries(NAMES.map((name) => [name, randomBytes(32).toString("base64url")]));
  mkdirSync(home, { recursive: true });
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600, flag: "wx" });
  return secrets;
}
