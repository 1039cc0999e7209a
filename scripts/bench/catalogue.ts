/** Every benchmark, in the order of the table. */
import { B1 } from "./benches/b1-first-load.ts";
import { B2 } from "./benches/b2-seat-map.ts";
import { F1 } from "./benches/f1-turnover.ts";
import { H1, H2 } from "./benches/h1-join.ts";
import { H3 } from "./benches/h3-reads.ts";
import { H4 } from "./benches/h4-poll.ts";
import { H5 } from "./benches/h5-long-line.ts";
import { J1 } from "./benches/j1-release.ts";
import { L1 } from "./benches/l1-draw.ts";
import { O1 } from "./benches/o1-observed.ts";
import { P1 } from "./benches/p1-places.ts";
import { R1, R4 } from "./benches/r1-hold.ts";
import { R2 } from "./benches/r2-hot-seat.ts";
import { R3 } from "./benches/r3-locks.ts";
import { T1 } from "./benches/t1-tick.ts";
import { W1 } from "./benches/w1-broadcast.ts";
import { W3 } from "./benches/w3-memory.ts";
import { W4 } from "./benches/w4-slices.ts";
import { W5 } from "./benches/w5-reconnect.ts";
import { W6 } from "./benches/w6-kept-up.ts";
import type { Bench } from "./frame/bench.ts";

export const BENCHES: readonly Bench[] = [
  H1,
  H2,
  H3,
  H4,
  H5,
  T1,
  P1,
  W1,
  W3,
  W4,
  W5,
  W6,
  R1,
  R2,
  R4,
  R3,
  J1,
  F1,
  L1,
  O1,
  B1,
  B2,
];
