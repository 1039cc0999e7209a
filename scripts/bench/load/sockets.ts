/** Crowds of WebSocket clients: opened together, counted together, closed together. */
import { openStream, type StreamClient } from "./stream-client.ts";

export interface Crowd {
  readonly port: number;
  /** One a socket. */
  readonly paths: readonly string[];
  readonly tokens: readonly string[] | null;
  /** `upgrade`: a socket is open with the answer to its upgrade; `place`: once a frame has told its position. */
  readonly until: "upgrade" | "place";
  /** How many may be opening at once. */
  readonly atOnce: number;
}

export interface CrowdOpened {
  readonly milliseconds: number;
  /** How many sockets were refused, by close code, status or fault. */
  readonly refused: Readonly<Record<string, number>>;
}

const PORTS_A_SOURCE = 20_000;
/**
 * The ports of a crowd that has closed are not free for a minute, and binding 5,000 among them costs the kernel seven
 * seconds. So each crowd comes from addresses of its own, also after a run that has just ended.
 */
const SOURCES = 250;
const RUN = 1 + (Math.floor(Date.now() / 10_000) % 250);

interface Held {
  readonly clients: StreamClient[];
  frames: number;
  onFrame: ((index: number, payload: Buffer) => void) | null;
}

const crowds = new Map<number, Held>();
let crowdCount = 0;

/** Opens all sockets. It is over when each has its first frame (or its upgrade), or has been refused. */
export function openCrowd(crowd: Crowd): Promise<CrowdOpened & { readonly crowd: number }> {
  const { port, paths, tokens, until, atOnce } = crowd;
  crowdCount += 1;
  const id = crowdCount;
  const held: Held = { clients: [], frames: 0, onFrame: null };
  crowds.set(id, held);
  let next = 0;
  let settled = 0;
  const refused: Record<string, number> = {};
  const startedAt = performance.now();

  return new Promise((resolve) => {
    function settle(refusal: string | null): void {
      settled += 1;
      if (refusal !== null) refused[refusal] = (refused[refusal] ?? 0) + 1;
      if (settled === paths.length) {
        resolve({ crowd: id, milliseconds: performance.now() - startedAt, refused });
      } else if (next < paths.length) open();
    }

    function open(): void {
      const index = next;
      next += 1;
      let known = false;
      const know = (refusal: string | null = null) => {
        if (known) return;
        known = true;
        settle(refusal);
      };
      const target = {
        port,
        path: paths[index] as string,
        token: tokens?.[index] ?? null,
        localAddress: `127.${RUN}.${id % SOURCES}.${2 + Math.floor(index / PORTS_A_SOURCE)}`,
      };
      held.clients.push(
        openStream(target, {
          opened: () => until === "upgrade" && know(),
          frame(payload) {
            held.frames += 1;
            if (!known && tellsPlace(payload)) know();
            held.onFrame?.(index, payload);
          },
          closed: (why) => know(why || "closed"),
        }),
      );
    }

    for (let opening = 0; opening < Math.min(atOnce, paths.length); opening += 1) open();
  });
}

function tellsPlace(payload: Buffer): boolean {
  return payload.includes('"position":') && !payload.includes('"position":null');
}

/** Hears of every frame of a crowd from now on. @param index of the socket. */
export function listenTo(crowd: number, onFrame: (index: number, payload: Buffer) => void): void {
  const held = crowds.get(crowd);
  if (held) held.onFrame = onFrame;
}

/** Text frames that a crowd has received so far. */
export const framesOf = (crowd: number): number => crowds.get(crowd)?.frames ?? 0;

/** @param only these sockets of it; all when absent, and then the crowd is forgotten. */
export function closeCrowd(crowd: number, only?: readonly number[]): void {
  const { clients } = crowds.get(crowd) ?? { clients: [] };
  if (only) {
    for (const index of only) clients[index]?.close();
    return;
  }
  for (const client of clients) client.close();
  crowds.delete(crowd);
}
