/** The room's SQL; `sql/` lists what is done to its tables, one file a statement. */
import { fileURLToPath } from "node:url";
import { loadStatements, type StatementOptions, type StatementRunner } from "../platform/statements.ts";

const FOLDER = fileURLToPath(new URL("./sql", import.meta.url));

export function loadReservationStatements(options?: StatementOptions): StatementRunner {
  return loadStatements(FOLDER, options);
}
