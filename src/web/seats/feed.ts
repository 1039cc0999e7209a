/**
 * Follows the seats of one performance: by socket, and where none is to be had by asking again and again.
 *
 * The states themselves judge what counts (`seat-states.ts`). A gap is closed by one whole picture; deltas that come
 * while it is fetched wait for it. A socket that ends comes back after a growing pause with chance in it, so that a
 * gateway's restart does not bring everybody at once.
 */
import type { Delta, SeatStates, Snapshot } from "../seat-map/seat-states.ts";

export interface FeedSocket {
  close(): void;
}

export interface FeedEvents {
  message(text: string): void;
  closed(code: number): void;
}

export interface FeedDeps {
  readonly states: SeatStates;
  open(events: FeedEvents): FeedSocket;
  /** `GET /performances/{id}/availability`. */
  fetchSnapshot(): Promise<Snapshot>;
  onChange(changed: readonly number[]): void;
  /** True while what is shown is as new as the server tells it. */
  onLive(live: boolean): void;
  /** The pass is no good any more, or too many tabs are open: nothing will come by itself. */
  onRefused(code: number): void;
  /** Milliseconds between two tries to come back, and between two pictures. */
  readonly pauses?: { readonly first: number; readonly most: number };
  random?(): number;
}

export interface Feed {
  /** The page was woken or is online again: comes back at once instead of after the pause. */
  wake(): void;
  /** The network is gone: a socket notices only much later, and until then shows old seats as new ones. */
  lose(): void;
  close(): void;
}

const PAUSES = { first: 800, most: 10_000 };
const MOST_WAITING = 200;
const REFUSALS = [4401, 4403, 4409];

export function followSeats(deps: FeedDeps): Feed {
  const { states, pauses = PAUSES, random = Math.random } = deps;
  let socket: FeedSocket | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let pause = pauses.first;
  let waiting: Delta[] | null = null;
  let closed = false;

  function take(taken: ReturnType<SeatStates["delta"]>): boolean {
    if (typeof taken !== "string" && taken.length > 0) deps.onChange(taken);
    return taken !== "gap";
  }

  function receive(message: { type?: unknown } & Snapshot & Delta): void {
    if (message.type === "snapshot") {
      pause = pauses.first;
      if (take(states.snapshot(message))) deps.onLive(true);
      else fetchPicture();
    } else if (message.type === "seats") {
      if (waiting) waiting = waiting.length < MOST_WAITING ? [...waiting, message] : [];
      else if (!take(states.delta(message))) fetchPicture(message);
    }
  }

  function fetchPicture(first?: Delta): void {
    if (waiting) return;
    waiting = first ? [first] : [];
    deps.onLive(false);
    deps.fetchSnapshot().then(catchUp, () => {
      waiting = null;
      // Without the picture the deltas mean nothing; coming back brings a snapshot of its own.
      socket?.close();
    });
  }

  function catchUp(snapshot: Snapshot): void {
    const held = waiting ?? [];
    waiting = null;
    if (closed) return;
    take(states.snapshot(snapshot));
    const whole = held.every((delta) => take(states.delta(delta)));
    if (socket && whole) deps.onLive(true);
    else if (socket) socket.close();
  }

  function connect(): void {
    timer = null;
    const own = deps.open({
      message(text) {
        if (socket === own) receive(JSON.parse(text));
      },
      closed(code) {
        if (socket !== own) return;
        socket = null;
        deps.onLive(false);
        if (REFUSALS.includes(code)) deps.onRefused(code);
        else comeBack();
      },
    });
    socket = own;
  }

  function comeBack(): void {
    timer = setTimeout(connect, pause * (0.5 + random()));
    pause = Math.min(pauses.most, pause * 2);
    // A network without sockets still shows the seats, a pause late.
    fetchPicture();
  }

  connect();
  return {
    wake() {
      if (timer === null) return;
      clearTimeout(timer);
      pause = pauses.first;
      connect();
    },
    lose() {
      const lost = socket;
      if (!lost) return;
      socket = null;
      lost.close();
      deps.onLive(false);
      comeBack();
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      const last = socket;
      socket = null;
      last?.close();
    },
  };
}
