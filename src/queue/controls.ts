/** Bringing what an operator decided, as PostgreSQL holds it, into force in Redis. */
import type { Queryable } from "../platform/postgres.ts";
import { Code } from "./codes.ts";
import { type Lane, sharesForScripts } from "./lanes.ts";
import type { LineStore } from "./line-store.ts";
import type { ConfigureData } from "./local-line.ts";
import { type QueueRow, readCodes } from "./queue-store.ts";
import type { QueueSettings } from "./settings.ts";

const CODES_A_SCRIPT = 1_000;

/** Idempotent: an older or equal version changes nothing. */
export async function applyRow(
  db: Queryable,
  store: LineStore,
  row: QueueRow,
  change: ConfigureData["change"],
): Promise<Code> {
  const { version, settings, paused, closed, notice, lanes, changedBy: by } = row;
  if (lanes.length > 0) {
    const codes = await readCodes(db, row.id);
    for (let start = 0; start < codes.length; start += CODES_A_SCRIPT) {
      const code = await store.addCodes(row.id, codes.slice(start, start + CODES_A_SCRIPT));
      if (code === Code.rebuilding) return code;
    }
  }
  const data: ConfigureData = { version, by, change, settings, paused, closed, notice, lanes };
  return store.configure(row.id, {
    version,
    paused,
    closed,
    data: JSON.stringify(data),
    settings: settingsForScripts(settings, lanes),
  });
}

/** The settings as the scripts read them: times in microseconds, 0 for none. */
export function settingsForScripts(settings: QueueSettings, lanes: readonly Lane[]): Record<string, number> {
  const micros = (instant: string | null) => (instant === null ? 0 : Date.parse(instant) * 1_000);
  return {
    opensAt: micros(settings.opensAt),
    lobbyOpensAt: micros(settings.lobbyOpensAt),
    closesAt: micros(settings.closesAt),
    ratePerMinute: settings.ratePerMinute,
    auto: settings.mode === "auto" ? 1 : 0,
    minRate: settings.minRatePerMinute,
    maxRate: settings.maxRatePerMinute,
    targetHoldMs: settings.targetHoldP95Ms,
    maxActive: settings.maxActive,
    arrivalMicros: settings.arrivalSeconds * 1_000_000,
    sessionMicros: settings.sessionSeconds * 1_000_000,
    graceMicros: settings.graceSeconds * 1_000_000,
    overbook: settings.overbook,
    ...sharesForScripts(lanes),
  };
}
