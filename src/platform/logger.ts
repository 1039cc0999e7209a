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

/** The logger of a process, whose level can be changed while it runs; its children follow. */
export interface ProcessLogger extends Logger {
  readonly level: LogLevel | "silent";
  setLevel(level: LogLevel | "silent"): void;
}

/** Errors are spelled out field by field, since JSON.stringify turns them into {}. */
const spellErrors = winston.format((info) => {
  for (const [key, value] of Object.entries(info)) {
    if (value instanceof Error) info[key] = spell(value, MAX_CAUSES);
  }
  return info;
});

const MAX_CAUSES = 3;

function spell(fault: Error, depth: number): object {
  const { name, message, stack, cause } = fault;
  // A connection that failed on several addresses has no message of its own, only its parts do.
  const parts = fault instanceof AggregateError ? fault.errors : [];
  const inner = (value: unknown) =>
    value instanceof Error && depth > 0 ? spell(value, depth - 1) : String(value);
  return {
    name,
    message,
    code: (fault as { code?: unknown }).code,
    stack,
    ...(cause === undefined ? {} : { cause: inner(cause) }),
    ...(parts.length > 0 ? { errors: parts.slice(0, MAX_CAUSES).map(inner) } : {}),
  };
}

const pretty = winston.format.printf(({ timestamp, level, message, service, ...rest }) => {
  const fields = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : "";
  return `${String(timestamp).slice(11, 23)} ${level} ${service}: ${message}${fields}`;
});

/** @param level one of winston's npm levels, or `silent`. */
export function createLogger(service: string, level: LogLevel | "silent"): ProcessLogger {
  const common = [spellErrors(), winston.format.timestamp()];
  const format = process.stdout.isTTY
    ? winston.format.combine(...common, winston.format.colorize({ level: true }), pretty)
    : winston.format.combine(...common, winston.format.json());
  const inner = winston.createLogger({
    defaultMeta: { service },
    format,
    transports: [new winston.transports.Console()],
  });
  // A number of our own: asked on every request, winston's answer would cost more than the rest of the question.
  const state = { level, rank: RANK[level] };
  const setLevel = (to: LogLevel | "silent") => {
    state.level = to;
    state.rank = RANK[to];
    inner.silent = to === "silent";
    inner.level = to === "silent" ? "error" : to;
  };
  setLevel(level);
  return {
    ...wrap(inner, state),
    setLevel,
    get level() {
      return state.level;
    },
  };
}

const RANK: Readonly<Record<LogLevel | "silent", number>> = {
  silent: -1,
  error: 0,
  warn: 1,
  info: 2,
  debug: 3,
};

function wrap(inner: winston.Logger, state: { readonly rank: number }): Logger {
  // One object, because winston would append a field called message to the message.
  const write = (level: LogLevel) => (message: string, fields?: object) => {
    if (RANK[level] <= state.rank) inner.log({ ...fields, level, message });
  };
  return {
    error: write("error"),
    warn: write("warn"),
    info: write("info"),
    debug: write("debug"),
    enabled: (level) => RANK[level] <= state.rank,
    child: (fields) => wrap(inner.child(fields), state),
  };
}
