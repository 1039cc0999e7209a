/** The schema, as numbered SQL files that are applied in order and never edited once released. */
import { fileURLToPath } from "node:url";
import { type Database, pendingMigrations, runMigrations } from "../platform/postgres.ts";
import { StartError } from "../platform/start-error.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Brings a database to the newest schema. @returns the names of the files applied now. */
export function migrate(databaseUrl: string): Promise<string[]> {
  return runMigrations(databaseUrl, FOLDER);
}

/** @throws StartError when the database lacks a migration this program needs. */
export async function refuseOldSchema(db: Database): Promise<void> {
  const pending = await pendingMigrations(db, FOLDER);
  if (pending.length === 0) return;
  throw new StartError(`The database lacks ${pending.join(", ")}; run "npm run migrate" first.`);
}
