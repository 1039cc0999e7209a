/**
 * A place in line as its fan has it: the ticket, the sockets that follow it, and everything they said.
 *
 * Views come over several sockets and over HTTP; one with an older `asOf` is dropped, as the contract tells clients
 * to do. Of what remains the position must never rise within an epoch.
 */
import type { Api } from "./api.ts";
import type { Ledger } from "./ledger.ts";
import { type End, newStory, type TicketState, type TicketStory, type TicketView } from "./story.ts";
import { type ClientStream, RECONNECT, type Streams } from "./stream.ts";

export interface Place {
  readonly story: TicketStory;
  readonly state: TicketState;
  /** Milliseconds since 1970. */
  readonly arriveBy: number | null;
  readonly pollAfterSeconds: number;
  /** False once there is nothing more to wait for. */
  readonly isLive: boolean;
  /** A socket is open. */
  readonly isFollowed: boolean;
  /** Takes over what HTTP said. */
  see(view: TicketView): void;
  /** Opens a socket more. @returns whether the first frame came. */
  follow(gateway: number): Promise<boolean>;
  /** Shuts the page: every socket at once. */
  shut(): void;
  /** Resolves when anything changed but the position, or when the time is up. */
  changed(withinMs: number): Promise<void>;
}

export interface PlaceDeps {
  readonly api: Api;
  readonly streams: Streams;
  readonly ledger: Ledger;
  readonly arrivalSeconds: number;
  complain(check: string, detail: string): void;
}

const ENDED: readonly TicketState[] = ["left", "expired", "removed", "ended"];

export function createPlace(deps: PlaceDeps, userId: string, first: TicketView, joinedAt: number): Place {
  const { api, streams, ledger, complain } = deps;
  const story = newStory(userId, first, joinedAt);
  const sockets = new Set<ClientStream>();
  let view = first;
  let waiter: (() => void) | null = null;

  function wake(): void {
    waiter?.();
  }

  function sight(epoch: number, position: number | null, asOf: number): void {
    if (position === null) return;
    const last = story.sightings.at(-1);
    if (last && (asOf < last.asOf || epoch < last.epoch)) {
      ledger.count("views dropped as outdated");
      return;
    }
    if (last && last.epoch === epoch && position > last.position) {
      complain(
        "positions never rise",
        `ticket ${story.ticketId} stood at ${last.position}, then at ${position} (${asOf - last.asOf} ms later)`,
      );
    }
    story.sightings.push({ epoch, position, asOf });
  }

  function admitted(arriveBy: string, exactly: boolean): void {
    if (story.admittedAt !== null && (story.admittedExactly || !exactly)) return;
    // The deadline is the admission's time plus a constant, so it tells the order of admissions by one clock.
    story.admittedAt = Date.parse(arriveBy) - deps.arrivalSeconds * 1_000;
    story.admittedExactly = exactly;
  }

  function see(next: TicketView): void {
    if (next.ticketId !== story.ticketId) {
      complain("reloads keep the place", `ticket ${story.ticketId} became ${next.ticketId}`);
      return;
    }
    sight(next.epoch, next.position, Date.parse(next.asOf));
    if (next.state === "admitted" && next.arriveBy) admitted(next.arriveBy, false);
    const changed = next.state !== view.state;
    view = next;
    story.lastState = next.state;
    if (changed) wake();
  }

  function ended(reason: Exclude<End, "bought">): void {
    story.told ??= { end: reason, at: Date.now() };
    wake();
  }

  function onFrame(frame: Record<string, unknown>): void {
    switch (frame.type) {
      case "state":
        see(frame as unknown as TicketView);
        break;
      case "position":
        sight(frame.epoch as number, frame.position as number | null, Date.parse(frame.asOf as string));
        break;
      case "admitted":
        admitted(frame.arriveBy as string, true);
        view = { ...view, state: "admitted", arriveBy: frame.arriveBy as string };
        story.lastState = "admitted";
        wake();
        break;
      case "ended":
        ended(frame.reason as Exclude<End, "bought">);
        break;
      case "paused":
        story.heardPause = true;
        break;
      case "notice":
        story.heardNotice = true;
        break;
      case "resumed":
      case "recovering":
        break;
      default:
        complain("streams speak as documented", `a frame of type ${String(frame.type)}`);
    }
  }

  see(first);

  return {
    story,
    get state() {
      return view.state;
    },
    get arriveBy() {
      return view.arriveBy === null ? null : Date.parse(view.arriveBy);
    },
    get pollAfterSeconds() {
      return view.pollAfterSeconds;
    },
    get isLive() {
      return story.told === null && !ENDED.includes(view.state);
    },
    get isFollowed() {
      return sockets.size > 0;
    },
    see,
    async follow(gateway) {
      const interval = { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };
      const url = `${api.streamAddress(gateway)}/ws/v1/queues/${view.queueId}`;
      const socket = streams.open(url, view.ticket, "queue", {
        onFrame(frame) {
          if (interval.from === Number.POSITIVE_INFINITY) {
            interval.from = Date.now();
            story.present.push(interval);
          }
          onFrame(frame);
        },
        onClose(code, ours) {
          interval.to = Math.min(interval.to, Date.now());
          sockets.delete(socket);
          if (ours) return;
          if (code === 1000) {
            if (!story.told)
              complain("everybody is told why", `ticket ${story.ticketId} was closed without a reason`);
          } else if (!RECONNECT.includes(code))
            complain("streams stay open", `ticket ${story.ticketId} was closed with ${code}`);
          wake();
        },
      });
      sockets.add(socket);
      const opened = await socket.opened;
      return opened;
    },
    shut() {
      for (const interval of story.present) interval.to = Math.min(interval.to, Date.now());
      for (const socket of sockets) socket.close();
      sockets.clear();
    },
    changed(withinMs) {
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiter = null;
          resolve();
        };
        const timer = setTimeout(done, Math.max(0, withinMs));
        waiter = done;
      });
    },
  };
}
