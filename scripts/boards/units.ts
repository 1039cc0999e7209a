/** Values as Grafana writes them in the units that our boards have. */

const THOUSANDS = ["", "K", "M", "B", "T"];
const SHORT = ["", " K", " Mil", " Bil", " Tri"];
const BYTES = [" B", " KiB", " MiB", " GiB", " TiB"];
/** From so many seconds on, in that unit of so many. */
const TIMES: readonly (readonly [from: number, seconds: number, name: string])[] = [
  [86_400, 86_400, " d"],
  [3_600, 3_600, " h"],
  [60, 60, " min"],
  [1, 1, " s"],
  [1e-3, 1e-3, " ms"],
  [1e-6, 1e-6, " µs"],
  [0, 1e-9, " ns"],
];

const WRITERS = {
  short: (value: number) => scaled(value, 1_000, SHORT),
  reqps: (value: number) => `${scaled(value, 1_000, THOUSANDS)} req/s`,
  ops: (value: number) => `${scaled(value, 1_000, THOUSANDS)} ops/s`,
  bytes: (value: number) => scaled(value, 1_024, BYTES),
  percentunit: (value: number) => `${figures(value * 100)}%`,
  s: seconds,
} as const;

export type Unit = keyof typeof WRITERS;

export const isUnit = (name: string): name is Unit => Object.hasOwn(WRITERS, name);

export const format = (value: number, unit: Unit): string => WRITERS[unit](value);

/** The same for an axis, where 1.50 and 1.25 need not be of one length. */
export const formatTick = (value: number, unit: Unit): string =>
  format(value, unit)
    .replace(/(\.\d*?)0+(?!\d)/, "$1")
    .replace(/\.(?!\d)/, "");

function scaled(value: number, base: number, names: readonly string[]): string {
  const size = Math.abs(value);
  let power = 0;
  while (power < names.length - 1 && size >= base ** (power + 1)) power += 1;
  return `${figures(value / base ** power)}${names[power]}`;
}

function seconds(value: number): string {
  if (value === 0) return "0 s";
  const [, length, name] = TIMES.find(([from]) => Math.abs(value) >= from) as (typeof TIMES)[number];
  return `${figures(value / length)}${name}`;
}

/** Three figures, and none after the point for a whole number. */
function figures(value: number): string {
  // What a multiplication leaves behind makes no number less whole.
  const exact = Number(value.toPrecision(12));
  if (Number.isInteger(exact)) return String(exact);
  const decimals = 2 - Math.floor(Math.log10(Math.abs(exact)));
  return exact.toFixed(Math.min(Math.max(decimals, 0), 20));
}
