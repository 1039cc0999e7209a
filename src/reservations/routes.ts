/** Holding seats, looking at reservations, giving them back. */
import Joi from "joi";
import { type ErrorCode, Problem } from "../platform/errors.ts";
import { versionEtag, versionsIn } from "../platform/http/etag.ts";
import { cutPage, startOf } from "../platform/http/paging.ts";
import type { AuthenticatedContext, Reply, Route } from "../platform/http/route.ts";
import { type Page, pageOf, pageQuery, uuid } from "../platform/http/schemas.ts";
import type { Gate } from "./gate.ts";
import type { HoldOutcome, HoldRefusal, HoldRequest } from "./hold.ts";
import { claimOf, type IdempotencyClaim, type StoredReply } from "./idempotency.ts";
import type { Reads } from "./reads.ts";
import type { Releases } from "./releases.ts";
import { holdBody, idempotencyKey, reservationSchema } from "./schemas.ts";

interface RoutedRoom extends Reads, Pick<Releases, "cancel">, Pick<Gate, "ticketPicture"> {
  hold(request: HoldRequest): Promise<HoldOutcome>;
}

const TAG = "Reservations";
const byId = Joi.object({ reservationId: uuid().required() });
type ById = AuthenticatedContext<{ reservationId: string }>;

export function createRoutes(room: RoutedRoom): Route[] {
  return [
    holdSeats(room),
    getReservation(room),
    listReservations(room),
    cancelReservation(room),
    drawTicket(room),
  ];
}

function holdSeats(room: RoutedRoom): Route {
  return {
    method: "post",
    path: "/performances/:performanceId/reservations",
    operationId: "holdSeats",
    tag: TAG,
    summary: "Hold seats, all or none",
    description:
      "Needs a pass of this performance. The seats are held until `expiresAt`; unpaid, they are given back by themselves.",
    access: "account",
    params: Joi.object({ performanceId: uuid().required() }),
    requestHeaders: Joi.object({
      "Queue-Pass": Joi.string().required().description("the pass, as the claim answered it"),
      "Idempotency-Key": idempotencyKey(false),
    }),
    body: holdBody,
    responses: {
      201: {
        description: "The seats are held.",
        schema: reservationSchema,
        headers: {
          Location: "the reservation",
          ETag: "its version",
          "Idempotent-Replayed": "true on a replay",
        },
      },
    },
    errors: [
      "NOT_FOUND",
      "PASS_REQUIRED",
      "PASS_EXPIRED",
      "PASS_REVOKED",
      "REBUILDING",
      "SEAT_TAKEN",
      "SEAT_CONTENDED",
      "SEAT_LIMIT",
      "NO_ADJACENT_SEATS",
      "IDEMPOTENCY_IN_PROGRESS",
      "IDEMPOTENCY_MISMATCH",
      "BUSY",
    ],
    async handler({
      params,
      body,
      headers,
      principal,
      requestId,
    }: AuthenticatedContext<{ performanceId: string }, unknown, HoldRequest["wanted"]>) {
      const { performanceId } = params;
      const pass = headers["queue-pass"];
      const outcome = await room.hold({
        userId: principal.userId,
        requestId,
        performanceId,
        pass: typeof pass === "string" ? pass : undefined,
        wanted: body,
        claim: readClaim(
          headers["idempotency-key"],
          principal.userId,
          `POST /performances/${performanceId}/reservations`,
          body,
        ),
      });
      if (!outcome.ok) throw refusalOf(outcome);
      return sendStored(outcome.reply, outcome.replayed);
    },
  };
}

function refusalOf(refusal: HoldRefusal): Problem {
  if (refusal.reason === "SEAT_TAKEN")
    return new Problem("SEAT_TAKEN", { extensions: { seats: refusal.seats } });
  if (refusal.reason === "VALIDATION_FAILED") {
    const { path, message } = refusal;
    return new Problem("VALIDATION_FAILED", {
      detail: `The body is not as documented: ${message}.`,
      errors: [{ path, message }],
    });
  }
  return new Problem(refusal.reason);
}

function getReservation(room: RoutedRoom): Route {
  return {
    method: "get",
    path: "/reservations/:reservationId",
    operationId: "getReservation",
    tag: TAG,
    summary: "A reservation of one's own",
    access: "account",
    params: byId,
    responses: {
      200: { description: "The reservation.", schema: reservationSchema, headers: { ETag: "its version" } },
    },
    errors: ["NOT_FOUND", "BUSY"],
    async handler({ params, principal }: ById) {
      const view = await room.reservation(params.reservationId, principal.userId);
      if (!view) throw new Problem("NOT_FOUND");
      return {
        status: 200,
        body: view,
        headers: { ETag: versionEtag(view.version), "Cache-Control": "no-store" },
      };
    },
  };
}

function listReservations(room: RoutedRoom): Route {
  return {
    method: "get",
    path: "/me/reservations",
    operationId: "listReservations",
    tag: TAG,
    summary: "One's own reservations, newest first",
    access: "account",
    query: pageQuery,
    responses: { 200: { description: "A page of reservations.", schema: pageOf(reservationSchema) } },
    errors: ["BUSY"],
    async handler({ query, principal }: AuthenticatedContext<unknown, Page>) {
      const views = await room.reservationsOf(principal.userId, query.limit + 1, startOf(query));
      return { status: 200, body: cutPage(views, query.limit), headers: { "Cache-Control": "no-store" } };
    },
  };
}

function cancelReservation(room: RoutedRoom): Route {
  const errors: ErrorCode[] = [
    "NOT_FOUND",
    "VERSION_MISMATCH",
    "ALREADY_CONFIRMED",
    "PAYMENT_IN_PROGRESS",
    "BUSY",
  ];
  return {
    method: "delete",
    path: "/reservations/:reservationId",
    operationId: "cancelReservation",
    tag: TAG,
    summary: "Give held seats back",
    description: "Answers the same when the hold is already over.",
    access: "account",
    params: byId,
    requestHeaders: Joi.object({ "If-Match": Joi.string().description("the ETag that may be cancelled") }),
    responses: { 204: { description: "The seats are free." } },
    errors,
    async handler({ params, headers, principal }: ById) {
      const outcome = await room.cancel(
        params.reservationId,
        principal.userId,
        versionsIn(headers["if-match"]),
      );
      if (!outcome.ok) throw new Problem(outcome.reason);
      return { status: 204 };
    },
  };
}

function drawTicket(room: RoutedRoom): Route {
  return {
    method: "get",
    path: "/tickets/:ticketId/qr.svg",
    operationId: "getTicketPicture",
    tag: TAG,
    summary: "The QR code of a ticket of one's own",
    description: "An SVG picture of the ticket's `code`. 404 once the ticket was refunded.",
    access: "account",
    params: Joi.object({ ticketId: uuid().required() }),
    responses: {
      200: { description: "The picture.", schema: Joi.string(), contentType: "image/svg+xml" },
    },
    errors: ["NOT_FOUND", "BUSY"],
    async handler({ params, principal }: AuthenticatedContext<{ ticketId: string }>) {
      const picture = await room.ticketPicture(params.ticketId, principal.userId);
      if (picture === null) throw new Problem("NOT_FOUND");
      // Whoever has the picture gets in, so no cache keeps it.
      return {
        status: 200,
        body: picture,
        headers: { "Content-Type": "image/svg+xml; charset=utf-8", "Cache-Control": "no-store" },
      };
    },
  };
}

/**
 * The request's idempotency claim; null without the header.
 * @throws Problem VALIDATION_FAILED for a key that is not 1 to 255 printable ASCII characters.
 */
export function readClaim(
  header: string | string[] | undefined,
  userId: string,
  route: string,
  body: unknown,
): IdempotencyClaim | null {
  if (header === undefined) return null;
  const claim = typeof header === "string" ? claimOf(userId, route, header, body) : null;
  if (claim) return claim;
  const message = "Idempotency-Key must be 1 to 255 printable ASCII characters";
  throw new Problem("VALIDATION_FAILED", {
    detail: `${message}.`,
    errors: [{ path: "Idempotency-Key", message }],
  });
}

/** An answer as it was stored, byte for byte. */
export function sendStored({ status, headers, body }: StoredReply, replayed: boolean): Reply {
  return {
    status,
    body,
    headers: { ...headers, "Cache-Control": "no-store", ...(replayed && { "Idempotent-Replayed": "true" }) },
  };
}
