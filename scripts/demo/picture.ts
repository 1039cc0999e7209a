/** The run as it looks from above: a few lines that redraw themselves in a terminal, else a line now and then. */
import { type Ledger, percentile } from "./ledger.ts";
import type { DemoOptions, Scenario } from "./options.ts";
import type { Stats } from "./stage.ts";

export interface Picture {
  stats(stats: Stats): void;
  news(text: string): void;
  /** Leaves the last picture standing. */
  stop(): void;
}

interface Canvas {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 250;
const LINE_EVERY_MS = 5_000;
const BAR = 30;

export function startPicture(
  canvas: Canvas,
  ledger: Ledger,
  { options, scenario }: { readonly options: DemoOptions; readonly scenario: Scenario },
): Picture {
  const startedAt = Date.now();
  const live = Boolean(canvas.isTTY) && process.env.TERM !== "dumb";
  const { seats } = options;
  let newest: Stats | null = null;
  let headline = "";
  let drawn = 0;

  function draw(): void {
    const lines = live ? picture() : [oneLine()];
    const up = live && drawn > 0 ? `\x1b[${drawn}A\r\x1b[J` : "";
    const width = canvas.columns ?? 120;
    canvas.write(`${up}${lines.map((line) => (live ? line.slice(0, width - 1) : line)).join("\n")}\n`);
    drawn = lines.length;
  }

  function picture(): string[] {
    const { waiting, inside, sold, held, rate } = figures();
    return [
      `${clock()}  ${headline}`,
      `line    ${bar([["█", waiting]], options.fans)}  ${count(waiting)} waiting`,
      `inside  ${bar([["█", inside]], scenario.maxActive)}  ${inside} of ${scenario.maxActive}`,
      `seats   ${bar(
        [
          ["█", sold],
          ["▒", held],
        ],
        seats,
      )}  ${count(sold)} sold, ${count(held)} held, ${count(seats - sold - held)} free`,
      `pace    ${rate}`,
      `times   ${times()}`,
    ];
  }

  function oneLine(): string {
    const { waiting, inside, sold, held, rate } = figures();
    return `${clock()}  ${count(waiting)} waiting, ${inside} inside, ${count(held)} held, ${count(sold)} of ${count(seats)} sold; ${rate}; ${times()}`;
  }

  function figures() {
    const sold = newest?.seats?.occupied ?? ledger.total("seats sold");
    return {
      waiting: newest?.waiting ?? 0,
      inside: newest?.active ?? 0,
      sold,
      held: newest?.seats?.held ?? 0,
      rate: newest
        ? `${newest.admittedLastMinute} admitted in the last minute, rate ${newest.ratePerMinute}, limited by ${newest.limitedBy}`
        : "not open yet",
    };
  }

  function times(): string {
    return [
      ["join", "http:join"],
      ["hold", "http:hold"],
      ["release lag", "release lag"],
    ]
      .map(([label, name]) => `${label} ${quantiles(ledger.samples(name as string))}`)
      .join("   ");
  }

  function clock(): string {
    const seconds = Math.floor((Date.now() - startedAt) / 1_000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  const timer = options.quiet ? undefined : setInterval(draw, live ? REDRAW_MS : LINE_EVERY_MS);
  return {
    stats(stats) {
      newest = stats;
    },
    news(text) {
      headline = text;
      if (options.quiet || live) return;
      canvas.write(`${clock()}  ${text}\n`);
    },
    stop() {
      clearInterval(timer);
      if (!options.quiet) draw();
    },
  };
}

const count = (value: number) => value.toLocaleString("en");

function quantiles(values: readonly number[]): string {
  const [p50, p95] = [percentile(values, 0.5), percentile(values, 0.95)];
  return p50 === null || p95 === null ? "–" : `${Math.round(p50)}/${Math.round(p95)} ms`;
}

/** @param parts what fills the bar, from the left. */
function bar(parts: readonly (readonly [mark: string, value: number])[], whole: number): string {
  let filled = 0;
  let text = "";
  for (const [mark, value] of parts) {
    filled += value;
    text += mark.repeat(Math.max(0, Math.min(BAR, Math.round((filled / whole) * BAR)) - text.length));
  }
  return text.padEnd(BAR, "░");
}
