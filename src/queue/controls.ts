/** Bringing what an operator decided, as PostgreSQL holds it, into force in Redis. */
import type { Code } from "./codes.ts";
import type { LineStore } from "./line-store.ts";
import type { ConfigureData } from "./local-line.ts";
import type { QueueRow } from "./queue-store.ts";
import { settingsForScripts } from "./rebuild.ts";

/** Idempotent: an older or equal version changes nothing. */
export function applyRow(store: LineStore, row: QueueRow, change: ConfigureData["change"]): Promise<Code> {
  const { version, settings, paused, closed, notice, changedBy: by } = row;
  const data: ConfigureData = { version, by, change, settings, paused, closed, notice };
  return store.configure(row.id, {
    version,
    paused,
    closed,
    data: JSON.stringify(data),
    settings: settingsForScripts(settings),
  });
}
