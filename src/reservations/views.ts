/** Reservations as their owners see them, and the replies that carry them. */
import type { KeyObject } from "node:crypto";
import { versionEtag } from "../platform/http/etag.ts";
import type { StoredReply } from "./idempotency.ts";
import type { SeatMap } from "./ports.ts";
import type { ReservationRecord, ReservationStatus } from "./store.ts";
import { ticketCode } from "./tickets.ts";

export interface ReservationView {
  readonly id: string;
  readonly performanceId: string;
  readonly status: ReservationStatus;
  readonly version: number;
  readonly seats: readonly SeatView[];
  readonly totalAmount: number;
  readonly currency: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  readonly extendedUntil: string | null;
  /** Only of a CONFIRMED one. */
  readonly tickets?: readonly { readonly id: string; readonly seatId: string; readonly code: string }[];
}

export interface SeatView {
  readonly id: string;
  readonly ordinal: number;
  readonly section: string;
  readonly row: string;
  readonly number: number;
  /** As it was when the seat was held. */
  readonly amount: number;
}

export function viewOf(record: ReservationRecord, map: SeatMap, codeKey: KeyObject): ReservationView {
  const { id, performanceId, status, version, totalAmount, currency, expiresAt, extendedUntil } = record;
  return {
    id,
    performanceId,
    status,
    version,
    seats: record.seats.map(({ ordinal, amount }) => ({ ...placeOf(map, ordinal), amount })),
    totalAmount,
    currency,
    expiresAt: expiresAt.toISOString(),
    extendedUntil: extendedUntil?.toISOString() ?? null,
    ...(status === "CONFIRMED" && {
      tickets: (record.tickets ?? []).map((ticket) => ({
        id: ticket.id,
        seatId: map.ids[ticket.ordinal] as string,
        code: ticketCode(ticket.id, codeKey),
      })),
    }),
  };
}

function placeOf(map: SeatMap, ordinal: number): Omit<SeatView, "amount"> {
  return {
    id: map.ids[ordinal] as string,
    ordinal,
    section: map.sections[map.sectionOf[ordinal] as number]?.name ?? "",
    row: map.rowName[ordinal] as string,
    number: map.number[ordinal] as number,
  };
}

export function reservationPath(id: string): string {
  return `/api/v1/reservations/${id}`;
}

export function jsonReply(status: number, body: object, headers: Record<string, string> = {}): StoredReply {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(body),
  };
}

export function holdReply(view: ReservationView): StoredReply {
  return jsonReply(201, view, { Location: reservationPath(view.id), ETag: versionEtag(view.version) });
}
