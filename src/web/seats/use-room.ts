/** Opens the room of one entry: its states, its feed, its pass. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, type Call, callApi, callPublic } from "../app/api.ts";
import { serverClock } from "../app/clock.ts";
import { navigate } from "../app/router.ts";
import { createSeatStates, type SeatStates, type Snapshot } from "../seat-map/seat-states.ts";
import { claim, type Entry } from "./entry.ts";
import { type Feed, type FeedEvents, type FeedSocket, followSeats } from "./feed.ts";
import { createRoom, type HoldOutcome, type Room } from "./room.ts";

type Admitted = Extract<Entry, { admitted: true }>;

export interface OpenRoom {
  readonly room: Room;
  readonly states: SeatStates;
  readonly live: boolean;
  readonly expiresAt: number;
}

export function useRoom({ facts, hall, pass: first, mine }: Admitted): OpenRoom {
  const pass = useRef(first);
  const [live, setLive] = useState(false);
  const { room, states } = useMemo(() => {
    const seats = createSeatStates(hall.count);
    const taken = mine.reduce((sum, each) => sum + each.seats.length, 0);
    const made = createRoom({
      hall,
      states: seats,
      limit: Math.max(0, facts.maxSeatsPerFan - taken),
      newKey: () => crypto.randomUUID(),
      hold: (body, idempotencyKey) => hold(facts.id, { body, pass: pass.current.pass, idempotencyKey }),
      onHeld: (reservationId) => navigate(`/checkout/${reservationId}`),
    });
    return { room: made, states: seats };
  }, [hall]);

  useEffect(() => {
    let feed: Feed | null = null;
    const follow = () => {
      feed = followSeats({
        states,
        open: (events) => openSocket(facts.id, pass.current.pass, events),
        fetchSnapshot: () => callPublic<Snapshot>("GET", `/performances/${facts.id}/availability`),
        onChange: room.changed,
        onLive: setLive,
        onRefused: (code) => void refused(code),
      });
    };
    /** Whoever has too many tabs open is told by those; a pass that ended may have been renewed by another admission. */
    const refused = async (code: number) => {
      const renewed = code === 4401 ? await claim(facts.queueId).catch(() => "OVER" as const) : "OVER";
      if (typeof renewed === "string" || Date.parse(renewed.passExpiresAt) <= serverClock.now()) room.end();
      else {
        pass.current = renewed;
        follow();
      }
    };
    const wake = () => {
      if (!document.hidden) feed?.wake();
    };
    const lose = () => feed?.lose();
    follow();
    document.addEventListener("visibilitychange", wake);
    addEventListener("online", wake);
    addEventListener("offline", lose);
    return () => {
      document.removeEventListener("visibilitychange", wake);
      removeEventListener("online", wake);
      removeEventListener("offline", lose);
      feed?.close();
    };
  }, [room]);

  return { room, states, live, expiresAt: Date.parse(pass.current.passExpiresAt) };
}

function openSocket(performanceId: string, pass: string, events: FeedEvents): FeedSocket {
  const address = `${location.origin.replace(/^http/, "ws")}/ws/v1/performances/${performanceId}/seats`;
  const socket = new WebSocket(address, ["fastpass.v1", `token.${pass}`]);
  socket.onmessage = ({ data }) => events.message(data);
  socket.onclose = ({ code }) => events.closed(code);
  return socket;
}

async function hold(performanceId: string, call: Call): Promise<HoldOutcome> {
  try {
    const path = `/performances/${performanceId}/reservations`;
    const { id } = await callApi<{ id: string }>("POST", path, call);
    return { ok: true, reservationId: id };
  } catch (fault) {
    if (!(fault instanceof ApiError)) throw fault;
    const seats = (fault.problem.seats ?? []) as readonly { readonly ordinal: number }[];
    return {
      ok: false,
      code: fault.code,
      taken: seats.map(({ ordinal }) => ordinal),
      answered: fault.status > 0 && fault.status < 500,
      fault,
    };
  }
}
