/**
 * The operator's live figures: one message a second to each open stream.
 *
 * A queue's figures are read once a beat however many watch it, only while somebody does, and never again before
 * the last reading has come back. A beat whose reading failed is left out: the next one makes up for it.
 */
import type { Logger } from "../platform/logger.ts";
import { CloseCode, type OpenOutcome, type Stream, type StreamRoute } from "../platform/sockets/index.ts";
import type { AuthPort } from "./ports.ts";
import type { ReadStatistics, Statistics } from "./statistics.ts";

export interface StatsStream {
  readonly route: StreamRoute;
  close(): void;
}

export interface StatsStreamDeps {
  readonly log: Logger;
  readonly auth: Pick<AuthPort, "verifyStreamToken">;
  readonly statistics: ReadStatistics;
  /** Milliseconds between messages; shortened by tests. */
  readonly everyMs?: number;
}

interface Watched {
  readonly streams: Set<Stream>;
  reading: boolean;
}

const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

export function createStatsStream({ log, auth, statistics, everyMs = 1_000 }: StatsStreamDeps): StatsStream {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;

  async function beat(queueId: string, queue: Watched): Promise<void> {
    if (queue.reading) return;
    queue.reading = true;
    try {
      const figures = await statistics(queueId);
      if (!figures) return;
      const frame = toFrame(figures);
      for (const stream of queue.streams) stream.send(frame);
    } catch (fault) {
      log.debug("statistics not read", { queueId, fault });
    } finally {
      queue.reading = false;
    }
  }

  function watch(queueId: string, stream: Stream, first: Statistics): void {
    const queue = watched.get(queueId) ?? { streams: new Set(), reading: false };
    watched.set(queueId, queue);
    queue.streams.add(stream);
    stream.onClose(() => {
      queue.streams.delete(stream);
      if (queue.streams.size === 0) watched.delete(queueId);
      if (watched.size === 0) stop();
    });
    timer ??= setInterval(() => {
      for (const [id, each] of watched) void beat(id, each);
    }, everyMs);
    stream.send(toFrame(first));
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  async function open(queueId: string, token: string | null): Promise<OpenOutcome> {
    const proof = auth.verifyStreamToken(token ?? "");
    if (!proof.ok || proof.principal.role !== "operator") {
      return { ok: false, code: CloseCode.badToken, reason: "a stream token of an operator is needed" };
    }
    const first = await statistics(queueId);
    if (!first) return { ok: false, code: CloseCode.wrongQueue, reason: "no such queue" };
    return { ok: true, start: (stream) => watch(queueId, stream, first) };
  }

  return {
    route: {
      name: "operator",
      path: new RegExp(`^/ws/v1/operator/queues/(?<queueId>${UUID})$`),
      open: ({ params, token }) => open((params.queueId as string).toLowerCase(), token),
    },
    close: stop,
  };
}

function toFrame(figures: Statistics): string {
  return JSON.stringify({ type: "stats", ...figures });
}
