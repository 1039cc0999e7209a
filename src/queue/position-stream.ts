/**
 * Position streams: what each open socket of a fan is told, and when.
 *
 * A change of state is told at once; positions by the cadence of their depth, sliced over the event loop so that a
 * crowd does not block it. Only the newest position matters: a socket that still has bytes unsent is skipped.
 */
import type { Metrics } from "../platform/metrics.ts";
import { CloseCode, type Stream } from "../platform/sockets/index.ts";
import type { Credentials } from "./credentials.ts";
import type { LocalFan, LocalLine, Touched } from "./local-line.ts";
import { cadenceMs, placeOf, positionFrame, type ShownTicket, ticketView } from "./ticket-view.ts";
import { isLive, isoOfMicros } from "./view.ts";

export type EndReason = "sold_out" | "closed" | "removed" | "left" | "expired";

const MAX_STREAMS_A_FAN = 5;
const SLICE = 1_000;

export type PositionStreams = ReturnType<typeof createPositionStreams>;

export function createPositionStreams(deps: {
  readonly credentials: Credentials;
  readonly metrics: Metrics;
  /** Hears that a page has received what it was told of this fan's turn, come or passed. */
  onReceived?(line: LocalLine, fan: LocalFan): void;
  /** Sockets told in one turn of the event loop. */
  readonly slice?: number;
}) {
  const { credentials, metrics, slice = SLICE } = deps;

  function sendState(
    line: LocalLine,
    fan: LocalFan,
    streams: readonly Stream[],
    shown: ShownTicket | null = null,
  ): void {
    const frame = JSON.stringify({ type: "state", ...ticketView(line, fan, credentials, shown) });
    for (const stream of streams) stream.send(frame);
    if (fan.state === "D") for (const stream of streams) stream.confirm(() => deps.onReceived?.(line, fan));
    if (fan.state !== "A") return;
    const { performanceId } = line;
    const turn = JSON.stringify({ type: "admitted", arriveBy: isoOfMicros(fan.arriveBy), performanceId });
    for (const stream of streams) {
      if (stream.send(turn)) stream.confirm(() => deps.onReceived?.(line, fan));
    }
  }

  function end(fan: LocalFan, reason: EndReason): void {
    const frame = JSON.stringify({ type: "ended", reason });
    // Copied, because closing takes each from the list.
    for (const stream of [...fan.streams]) {
      stream.send(frame);
      stream.close(CloseCode.done, reason);
    }
  }

  function broadcast(line: LocalLine, message: object): void {
    const frame = Buffer.from(JSON.stringify(message));
    for (const fan of line.fans.values()) for (const stream of fan.streams) stream.send(frame);
  }

  function tellState(line: LocalLine, fan: LocalFan, reason?: string): void {
    if (fan.streams.length === 0) return;
    sendState(line, fan, fan.streams);
    if (!isLive(fan.state)) end(fan, endReason(line, fan, reason));
  }

  function sendSlice(line: LocalLine, due: readonly LocalFan[], from: number): void {
    const until = Math.min(due.length, from + slice);
    let sent = 0;
    for (let index = from; index < until; index += 1) {
      const fan = due[index] as LocalFan;
      if (fan.state !== "W") continue;
      const frame = positionFrame(line, fan);
      for (const stream of fan.streams) if (stream.send(frame)) sent += 1;
    }
    if (sent > 0) metrics.queue.positionUpdates.inc(sent);
    if (until < due.length) setImmediate(sendSlice, line, due, until);
  }

  return {
    /** Adds a socket to a fan; one too many ends the oldest. @param shown opened it. */
    add(line: LocalLine, fan: LocalFan, stream: Stream, shown: ShownTicket | null = null): void {
      sendState(line, fan, [stream], shown);
      if (!isLive(fan.state)) {
        stream.send(JSON.stringify({ type: "ended", reason: endReason(line, fan) }));
        stream.close(CloseCode.done);
        return;
      }
      fan.streams.push(stream);
      // The account's list, not this ticket's: a new ticket of the same account takes the sockets over.
      stream.onClose(() => {
        const list = line.fans.get(fan.userId)?.streams ?? fan.streams;
        const index = list.indexOf(stream);
        if (index >= 0) list.splice(index, 1);
      });
      if (fan.streams.length > MAX_STREAMS_A_FAN) fan.streams[0]?.close(CloseCode.replaced, "too many tabs");
      fan.nextSendAt = Date.now() + cadenceMs(fan.rank) * Math.random();
      const { notice, paused } = line.controls;
      if (notice) stream.send(JSON.stringify({ type: "notice", texts: notice }));
      if (paused) stream.send(JSON.stringify({ type: "paused" }));
    },

    /** Tells what a committed change means for its fan, or for everybody. */
    tell(line: LocalLine, touched: Touched): void {
      if (touched.fan) {
        tellState(line, touched.fan, String(touched.data.reason ?? ""));
        return;
      }
      const { before, data } = touched;
      if (data.paused !== before.paused) broadcast(line, { type: data.paused ? "paused" : "resumed" });
      if (data.notice && JSON.stringify(data.notice) !== JSON.stringify(before.notice)) {
        broadcast(line, { type: "notice", texts: data.notice });
      }
    },

    tellState,

    /** The place is gone and nobody can say where to: the page has to join again. */
    drop(fan: LocalFan): void {
      for (const stream of [...fan.streams]) stream.close(CloseCode.badToken, "there is no such ticket");
    },

    /** Sends the positions that are due. @param now milliseconds. */
    sendDue(line: LocalLine, now: number): void {
      const due: LocalFan[] = [];
      for (const fan of line.fans.values()) {
        if (fan.state !== "W" || fan.streams.length === 0 || fan.nextSendAt > now) continue;
        const cadence = cadenceMs(placeOf(line, fan).ahead ?? 0);
        // The front hears at every beat; further back the beats are spread, so that a crowd's do not coincide.
        fan.nextSendAt = cadence <= 1_000 ? now : now + cadence * (0.9 + Math.random() * 0.2);
        due.push(fan);
      }
      if (due.length > 0) sendSlice(line, due, 0);
    },
  };
}

/** @param reason as the journal has it; a socket that comes later than the end finds it in the queue's phase. */
function endReason({ phase }: LocalLine, { state }: LocalFan, reason?: string): EndReason {
  if (state === "M") return "removed";
  if (state === "X") return "expired";
  if (state !== "E") return "left";
  const why = reason || phase;
  return why === "closed" || why === "sold_out" ? why : "left";
}
