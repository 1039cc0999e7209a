/** A client of the feed as a browser would write it: a snapshot, then deltas, and availability again on a gap. */
import WebSocket from "ws";

export interface Frame {
  readonly type: "snapshot" | "seats";
  readonly epoch: number;
  readonly seq: number;
  readonly seats?: string;
  readonly changes?: readonly [number, string][];
}

export interface FeedClient {
  readonly frames: Frame[];
  /** The map as the client has it. */
  readonly map: string;
  readonly epoch: number;
  readonly seq: number;
  /** Times it had to fetch availability. */
  readonly fetches: number;
  readonly socket: WebSocket;
  close(): Promise<void>;
}

export interface FeedClientOptions {
  readonly url: string;
  readonly token: string;
  /** `GET availability`. */
  fetchAvailability(): Promise<{ epoch: number; seq: number; seats: string }>;
  /** Says of a delta whether it is lost on the way. */
  loses?(): boolean;
}

export async function openFeedClient(options: FeedClientOptions): Promise<FeedClient> {
  const frames: Frame[] = [];
  let seats: string[] = [];
  let epoch = -1;
  let seq = -1;
  let fetches = 0;
  let fetching: Promise<void> | null = null;
  let behind = false;

  function adopt(next: { epoch: number; seq: number; seats: string }): void {
    if (next.epoch === epoch && next.seq < seq) return;
    ({ epoch, seq } = next);
    seats = [...next.seats];
  }

  async function catchUp(): Promise<void> {
    while (behind) {
      behind = false;
      fetches += 1;
      adopt(await options.fetchAvailability());
    }
  }

  function receive(frame: Frame): void {
    frames.push(frame);
    if (frame.type === "snapshot") adopt({ epoch: frame.epoch, seq: frame.seq, seats: frame.seats ?? "" });
    else if (frame.epoch === epoch && frame.seq <= seq) return;
    else if (frame.epoch === epoch && frame.seq === seq + 1) {
      seq = frame.seq;
      for (const [ordinal, letter] of frame.changes ?? []) seats[ordinal] = letter;
    } else {
      behind = true;
      fetching ??= catchUp().finally(() => {
        fetching = null;
      });
    }
  }

  const socket = new WebSocket(options.url, ["fastpass.v1", `token.${options.token}`]);
  socket.on("message", (data) => {
    const frame = JSON.parse(String(data)) as Frame;
    if (frame.type === "seats" && options.loses?.()) return;
    receive(frame);
  });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return {
    frames,
    socket,
    get map() {
      return seats.join("");
    },
    get epoch() {
      return epoch;
    },
    get seq() {
      return seq;
    },
    get fetches() {
      return fetches;
    },
    async close() {
      if (socket.readyState !== WebSocket.CLOSED) {
        const closed = new Promise((resolve) => socket.once("close", resolve));
        socket.close();
        await closed;
      }
      await fetching;
    },
  };
}

/** Opens a socket that is to be refused. @returns the close code. */
export function refusal(url: string, protocols: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols);
    socket.once("close", (code) => resolve(code));
    socket.once("message", () => reject(new Error("it was let in")));
    socket.once("error", reject);
  });
}
