/**
 * A fan's place in line, followed over WebSocket as a browser does: it comes back after a break, with jitter, and a
 * place must never get worse within an epoch.
 */
import { Counter, Trend } from "k6/metrics";
import { clearTimeout, setTimeout } from "k6/timers";
import type { Ticket } from "./client.ts";
import { Socket } from "./socket.ts";
import { facts, gatewayOf } from "./stage.ts";

/** Must stay 0: places that got worse. */
export const placesThatRose = new Counter("places_that_rose");
export const placesTold = new Counter("places_told");
/** From the opening of a socket to the first frame, which has the place. */
export const placeKnown = new Trend("place_known", true);
export const reconnects = new Counter("reconnects");
/** Sockets whose first frame was never heard; bounded, because a gateway that tells nobody anything looks the same. */
const unheard = new Counter("first_frames_unheard");
export const FEW_UNHEARD = { first_frames_unheard: ["count<10"] };

export type End = "admitted" | "sold_out" | "closed" | "removed" | "left" | "expired" | "gone";

interface Frame {
  readonly type: string;
  readonly state?: string;
  readonly epoch?: number;
  readonly position?: number | null;
  readonly reason?: string;
}

export interface Place {
  /** Resolves when the fan's turn has come or the ticket has ended; `gone` when `stop` was called before. */
  readonly ended: Promise<End>;
  /**
   * Breaks the socket, as a lost network does, and opens it again. Resolves when the place is known again, or has
   * come to its end.
   */
  reconnect(): Promise<void>;
  readonly isOver: boolean;
  stop(): void;
}

const SPREAD_MS = 2_000;
/**
 * k6 begins to read a socket before it calls it open, and drops what it reads until then: now and then the first frame,
 * which comes in one packet with the answer to the upgrade. That frame may be the only one, of a fan whose turn it is.
 */
const HEARD_WITHIN_MS = 10_000;
/** Never reconnected by script. */
const FINAL = [4401, 4403, 4409];

/** @param index of the fan, which decides the gateway. */
export function follow({ ticket }: Ticket, index: number): Place {
  const url = `${gatewayOf(index).replace("http", "ws")}/ws/v1/queues/${facts.queueId}`;
  let socket: Socket;
  let over = false;
  let known: (() => void) | null = null;
  let best = { epoch: 0, position: Number.POSITIVE_INFINITY };
  let finish: (end: End) => void = () => undefined;
  const ended = new Promise<End>((resolve) => {
    finish = (end) => {
      over = true;
      known?.();
      resolve(end);
      socket.close();
    };
  });

  function look({ epoch, position }: Frame): void {
    if (typeof position !== "number" || epoch === undefined) return;
    placesTold.add(1);
    if (epoch === best.epoch && position > best.position) {
      placesThatRose.add(1);
      console.error(`a place rose from ${best.position} to ${position}`);
    }
    best = { epoch, position };
  }

  function hear(frame: Frame): void {
    if (frame.type === "state" || frame.type === "position") look(frame);
    if (frame.type === "state") known?.();
    if (frame.type === "admitted" || frame.state === "admitted") finish("admitted");
    if (frame.type === "ended") finish((frame.reason ?? "closed") as End);
  }

  function open(): void {
    const openedAt = Date.now();
    let first = true;
    const mine = new Socket(url, ["fastpass.v1", `token.${ticket}`], { tags: { name: "place" } });
    socket = mine;
    const overdue = setTimeout(() => {
      if (over || socket !== mine) return;
      unheard.add(1);
      open();
      mine.close();
    }, HEARD_WITHIN_MS);
    mine.onmessage = ({ data }) => {
      if (over || socket !== mine) return;
      const frame: Frame = JSON.parse(data);
      if (first) {
        placeKnown.add(Date.now() - openedAt);
        first = false;
      }
      if (frame.type === "state") clearTimeout(overdue);
      hear(frame);
    };
    mine.onclose = ({ code }) => {
      clearTimeout(overdue);
      if (over || socket !== mine) return;
      if (code !== undefined && FINAL.includes(code)) {
        finish("gone");
        return;
      }
      reconnects.add(1);
      setTimeout(() => over || open(), Math.random() * SPREAD_MS);
    };
    // A close follows, and that is what is acted upon.
    mine.onerror = () => undefined;
  }

  open();
  return {
    ended,
    reconnect: () =>
      new Promise((resolve) => {
        known = () => {
          known = null;
          resolve();
        };
        const old = socket;
        open();
        old.close();
      }),
    get isOver() {
      return over;
    },
    stop: () => finish("gone"),
  };
}
