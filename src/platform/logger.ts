/**
 * winston: JSON lines for machines, coloured lines in a terminal.
 *
 * A request's or job's lines carry its id because it logs through a child made for it, not through an
 * AsyncLocalStorage: that would tax every promise of the hot path. Disabled levels still cost microseconds
 * in winston, so hot paths ask `enabled` first.
 */
import winston from "winston";

export type LogLevel = "error" | "warn" | "info" | "debug";

export interface Logger {
  error(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  debug(message: string, fields?: object): void;
  /** Whether lines of this level are written at all. */
  enabled(level: LogLevel): boolean;
  /** A logger whose lines all carry these fields, for example `{requestId}`. */
  child(fields: object): Logger;
}

/** Errors are spelled out field by field, since JSON.stringify turns them into {}. */
const spellErrors = winston.format((info) => {
  for (const [key, value] of Object.entries(info)) {
    if (!(value instanceof Error)) continue;
    const { name, message, stack } = value;
    info[key] = { name, message, code: (value as { code?: unknown }).code, stack };
  }
  return info;
});

const pretty = winston.format.printf(({ timestamp, level, message, service, ...rest }) => {
  const fields = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : "";
  return `${String(timestamp).slice(11, 23)} ${level} ${service}: ${message}${fields}`;
});

/** @param level one of winston's npm levels, or `silent`. */
export function createLogger(service: string, level: LogLevel | "silent"): Logger {
  const common = [spellErrors(), winston.format.timestamp()];
  const format = process.stdout.isTTY
    ? winston.format.combine(...common, winston.format.colorize({ level: true }), pretty)
    : winston.format.combine(...common, winston.format.json());
  return wrap(
    winston.createLogger({
      level: level === "silent" ? "error" : level,
      silent: level === "silent",
      defaultMeta: { service },
      format,
      transports: [new winston.transports.Console()],
    }),
  );
}

function wrap(inner: winston.Logger): Logger {
  return {
    error: (message, fields) => void inner.error(message, fields),
    warn: (message, fields) => void inner.warn(message, fields),
    info: (message, fields) => void inner.info(message, fields),
    debug: (message, fields) => void inner.debug(message, fields),
    enabled: (level) => !inner.silent && inner.isLevelEnabled(level),
    child: (fields) => wrap(inner.child(fields)),
  };
}
