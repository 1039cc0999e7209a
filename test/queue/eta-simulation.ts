/**
 * On-sales in plain numbers, to ask how often the truth fell inside an estimate.
 *
 * Only what shapes a wait is modelled: a token bucket, a bounded number inside, log-normal visits, fans who give up
 * and fans who do not arrive. The meter sees what a gateway would see; the estimates are compared with what came.
 */
import { createPaceMeter, estimateWait } from "../../src/queue/pace-meter.ts";

export interface Scenario {
  readonly name: string;
  readonly fans: number;
  readonly ratePerMinute: number;
  readonly maxActive: number;
  readonly meanVisitSeconds: number;
  /** Deviation of the logarithm of a visit. */
  readonly visitSpread: number;
  /** Part of the fans that gives up some time within 1,500 s. */
  readonly leaving: number;
  readonly noShows: number;
  /** The rate changes once, after this many seconds. */
  readonly change?: { readonly afterSeconds: number; readonly ratePerMinute: number };
}

export interface Coverage {
  readonly estimates: number;
  /** Part of the waits that were over by the p50, and by the p90. */
  readonly p50: number;
  readonly p90: number;
}

const TICK_SECONDS = 0.25;
const SAMPLE_EVERY_SECONDS = 15;
const SAMPLES = 20;
const ARRIVAL_SECONDS = 30;

interface Sample {
  readonly fan: number;
  readonly at: number;
  readonly p50: number;
  readonly p90: number;
}

/** @param random uniform in [0, 1). */
export function simulate(scenario: Scenario, random: () => number): Coverage {
  const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const { meanVisitSeconds, visitSpread, maxActive } = scenario;
  const visit = () => meanVisitSeconds * Math.exp(visitSpread * normal() - visitSpread ** 2 / 2);
  const meter = createPaceMeter(1);
  const servedAt = new Map<number, number>();
  const samples: Sample[] = [];
  let line = Array.from({ length: scenario.fans }, (_, fan) => ({
    fan,
    leavesAt: random() < scenario.leaving ? random() * 1_500 : Number.POSITIVE_INFINITY,
  }));
  let inside: number[] = [];
  let tokens = 0;
  let nextSampleAt = 10;

  for (let now = TICK_SECONDS; line.length > 0 && now < 3_600; now += TICK_SECONDS) {
    const { change } = scenario;
    const rate = change && now >= change.afterSeconds ? change.ratePerMinute : scenario.ratePerMinute;
    const before = line.length;
    line = line.filter(({ leavesAt }) => leavesAt > now);
    const left = before - line.length;
    inside = inside.filter((until) => until > now);
    tokens = Math.min(1 + Math.ceil((1.5 * rate) / 60), tokens + (rate / 60) * TICK_SECONDS);
    const admitted = line.splice(0, Math.max(0, Math.min(Math.floor(tokens), maxActive - inside.length)));
    tokens -= admitted.length;
    for (const { fan } of admitted) {
      servedAt.set(fan, now);
      const noShow = random() < scenario.noShows;
      if (noShow) tokens += 1;
      inside.push(now + (noShow ? ARRIVAL_SECONDS : visit()));
    }
    meter.record(now * 1_000_000, 0, admitted.length, left, line.length);
    if (now < nextSampleAt) continue;
    nextSampleAt += SAMPLE_EVERY_SECONDS;
    for (let count = 0; count < SAMPLES && line.length > 0; count += 1) {
      const ahead = Math.floor(random() * line.length);
      const eta = estimateWait(ahead, meter.flowOf(0));
      const fan = line[ahead]?.fan ?? -1;
      if (eta) samples.push({ fan, at: now, p50: eta.p50Seconds, p90: eta.p90Seconds });
    }
  }
  return coverageOf(samples, servedAt);
}

/** Estimates are whole seconds, so half a second either way is no error. Who gave up has no wait to compare. */
function coverageOf(samples: readonly Sample[], servedAt: ReadonlyMap<number, number>): Coverage {
  const served = samples.filter(({ fan }) => servedAt.has(fan));
  const within = (bound: "p50" | "p90") =>
    served.filter((sample) => (servedAt.get(sample.fan) ?? 0) - sample.at <= sample[bound] + 0.5).length;
  return { estimates: served.length, p50: within("p50") / served.length, p90: within("p90") / served.length };
}
