/** Asks a Prometheus, as its data source in Grafana does. */

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** One for each time that was asked for; null where there is none. */
  readonly values: readonly (number | null)[];
}

type Answer =
  | { readonly status: "error"; readonly error: string }
  | {
      readonly status: "success";
      readonly data: {
        readonly result: readonly {
          readonly metric: Series["labels"];
          readonly values: readonly (readonly [time: number, value: string])[];
        }[];
      };
    };

const PATIENCE_MS = 30_000;

/**
 * @param times in seconds, a step apart.
 * @throws Error with what Prometheus has against the query, or that there is none.
 */
export async function queryRange(
  prometheus: URL,
  query: string,
  times: readonly number[],
  step: number,
): Promise<Series[]> {
  const address = new URL(`${prometheus.pathname.replace(/\/$/, "")}/api/v1/query_range`, prometheus);
  const [start, end] = [String(times[0]), String(times.at(-1))];
  const answer = await fetch(address, {
    method: "POST",
    body: new URLSearchParams({ query, start, end, step: String(step) }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((cause) => {
    throw new Error(`there is no Prometheus at ${prometheus.origin}`, { cause });
  });
  const said = (await answer.json().catch(() => null)) as Answer | null;
  if (said?.status !== "success")
    throw new Error(`${prometheus.origin} answers ${answer.status}: ${said?.error ?? "no Prometheus"}`);
  return said.data.result.map(({ metric, values }) => ({ labels: metric, values: onGrid(values, times) }));
}

function onGrid(
  points: readonly (readonly [time: number, value: string])[],
  times: readonly number[],
): (number | null)[] {
  const byTime = new Map(points.map(([time, value]) => [time, Number(value)]));
  return times.map((time) => {
    const value = byTime.get(time);
    // NaN is a quantile of nothing; Grafana leaves a gap there too.
    return value !== undefined && Number.isFinite(value) ? value : null;
  });
}
