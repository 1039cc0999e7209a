/** A client of a WebSocket stream that keeps every frame it was sent, with its time. */
import { AssertionError } from "chai";
import WebSocket from "ws";
import { eventually } from "../wait.ts";
import { faultsOfValue } from "./rules.ts";

// biome-ignore lint/suspicious/noExplicitAny: frames have many forms.
export type Frame = { readonly type: string; readonly [member: string]: any };

export interface Ended {
  readonly code: number;
  readonly reason: string;
}

export interface Follower {
  readonly socket: WebSocket;
  readonly frames: readonly Frame[];
  /** When each frame came, by `performance.now()`. */
  readonly times: readonly number[];
  of(type: string): Frame[];
  /** The first frame that fits, as soon as it is there. */
  next(type: string, fits?: (frame: Frame) => boolean, timeoutMs?: number): Promise<Frame>;
  /** How the socket ended; waits for it. */
  ended(timeoutMs?: number): Promise<Ended>;
  close(): void;
}

export interface FollowOptions {
  /** `protocol` is the documented form. */
  readonly by?: "protocol" | "query";
  /** Answers no ping, as a socket does whose machine went to sleep. */
  readonly autoPong?: boolean;
}

/** Opens a stream; what it becomes, open or refused, shows in the follower. */
export function follow(url: string, token: string | null, options: FollowOptions = {}): Follower {
  const { by = "protocol", autoPong = true } = options;
  const target = by === "query" && token !== null ? `${url}?token=${encodeURIComponent(token)}` : url;
  const protocols = ["fastpass.v1", ...(by === "protocol" && token !== null ? [`token.${token}`] : [])];
  const socket = new WebSocket(target, protocols, { autoPong, perMessageDeflate: false });
  const frames: Frame[] = [];
  const times: number[] = [];
  let end: Ended | null = null;
  let fault: Error | null = null;
  socket.on("message", (data, isBinary) => {
    const frame = JSON.parse(String(data)) as Frame;
    const faults = faultsOfValue(frame, "frame");
    if (isBinary) faults.push("it is no text frame");
    if (faults.length > 0)
      fault ??= new AssertionError(`${String(data).slice(0, 400)}: ${faults.join("; ")}`);
    frames.push(frame);
    times.push(performance.now());
  });
  socket.on("error", (error) => {
    fault ??= error;
  });
  socket.on("close", (code, reason) => {
    end = { code, reason: String(reason) };
  });
  const of = (type: string) => frames.filter((frame) => frame.type === type);
  const told = () => frames.map(({ type }) => type).join(" ");

  return {
    socket,
    frames,
    times,
    of,
    async next(type, fits = () => true, timeoutMs = 6_000) {
      const what = `a frame "${type}"`;
      return eventually(
        () => {
          if (fault) throw fault;
          const found = of(type).find(fits);
          if (!found && end) throw new Error(`it ended with ${end.code} ${end.reason} after ${told()}`);
          return found;
        },
        { timeoutMs, what },
      ).catch((error: Error) => {
        throw new AssertionError(`${error.message} (heard: ${told()})`);
      });
    },
    async ended(timeoutMs = 6_000) {
      const ended = await eventually(() => end, { timeoutMs, what: `the end of the stream (${told()})` });
      if (fault) throw fault;
      return ended;
    },
    close: () => socket.terminate(),
  };
}
