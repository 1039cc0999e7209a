/**
 * The one catalogue of refusals that clients can meet.
 *
 * `code` is stable and for programs, `title` is for people, `retryable` says whether the same request may
 * succeed later without being changed. Rooms return a refusal's code as a value; only routes turn it into
 * a Problem. Everything else that is thrown is a fault: 500, logged, and never shown.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
}

const refusal = (status: number, title: string): ErrorEntry => ({ status, title, retryable: false });
const later = (status: number, title: string): ErrorEntry => ({ status, title, retryable: true });

export const ERRORS = {
  VALIDATION_FAILED: refusal(400, "The request does not have the documented form."),
  MALFORMED_JSON: refusal(400, "The body is not valid JSON."),
  MALFORMED_REQUEST: refusal(400, "The request is not valid HTTP."),
  IDEMPOTENCY_KEY_REQUIRED: refusal(400, "This request needs an Idempotency-Key header."),
  WEBHOOK_SIGNATURE_INVALID: refusal(400, "The webhook's signature does not match its body."),
  WEBHOOK_STALE: refusal(400, "The webhook's timestamp is outside the tolerance."),
  UNAUTHENTICATED: refusal(401, "An access token is needed."),
  TOKEN_INVALID: refusal(401, "The access token is not valid here."),
  TOKEN_EXPIRED: refusal(401, "The access token has expired; refresh it."),
  TOKEN_REVOKED: refusal(401, "The session was ended; log in again."),
  REFRESH_INVALID: refusal(
    401,
    "The refresh token is missing, expired or was already replaced; log in again.",
  ),
  BAD_CREDENTIALS: refusal(401, "The email or the password is wrong."),
  SECOND_FACTOR_REQUIRED: refusal(401, "This account needs its one-time code."),
  PAYMENT_DECLINED: refusal(
    402,
    "The payment was declined; the hold stays. Try again with a new Idempotency-Key.",
  ),
  FORBIDDEN: refusal(403, "This account may not do that."),
  CROSS_SITE: refusal(403, "The request came from another site."),
  REMOVED: refusal(403, "An operator removed this account from the queue."),
  PASS_REQUIRED: refusal(403, "A pass of this performance is needed; join the queue and claim your turn."),
  PASS_EXPIRED: refusal(403, "The pass has expired; join the queue again."),
  PASS_REVOKED: refusal(403, "The pass was ended; join the queue again."),
  NOT_FOUND: refusal(404, "There is nothing at this address, or it is not yours."),
  NO_TICKET: refusal(404, "This account has no place in the queue."),
  NOT_IN_DRAW: refusal(404, "This ticket came after the lobby had closed, so it was not drawn."),
  METHOD_NOT_ALLOWED: refusal(405, "The method is not allowed at this address."),
  REQUEST_TIMEOUT: later(408, "The request did not arrive in time."),
  EMAIL_TAKEN: refusal(409, "An account with this email exists."),
  QUEUE_NOT_OPEN: later(409, "The queue is not open yet."),
  QUEUE_CLOSED: refusal(409, "The queue is closed."),
  SOLD_OUT: refusal(409, "Every seat is sold."),
  NOT_DRAWN: later(409, "The draw has not come that far yet."),
  CODE_INVALID: refusal(409, "The code does not open a lane of this queue."),
  CODE_USED: refusal(409, "The code has been used up."),
  NOT_ADMITTED: later(409, "It is not your turn yet."),
  ADMISSION_EXPIRED: refusal(409, "The admission was not claimed in time; join again."),
  PAYMENT_IN_PROGRESS: later(409, "A payment for this reservation is being decided."),
  SEAT_TAKEN: refusal(409, "At least one of the seats is no longer available."),
  SEAT_CONTENDED: later(409, "Someone else is taking one of the seats right now; try again."),
  SEAT_LIMIT: refusal(409, "This would be more seats than one fan may have."),
  NO_ADJACENT_SEATS: refusal(409, "There are not that many seats side by side."),
  HOLD_EXPIRED: refusal(409, "The hold is over and its seats were given back."),
  ALREADY_CONFIRMED: refusal(409, "The reservation is already paid."),
  NOT_REFUNDABLE: refusal(409, "The reservation can't be refunded any more."),
  IDEMPOTENCY_IN_PROGRESS: later(409, "The first request with this Idempotency-Key is still running."),
  SEATS_IN_USE: refusal(409, "At least one of the seats is held or sold."),
  ALREADY_CHECKED_IN: refusal(409, "This ticket was used before."),
  VERSION_MISMATCH: refusal(412, "The resource has changed since you read it."),
  BODY_TOO_LARGE: refusal(413, "The body is larger than 64 KiB."),
  UNSUPPORTED_MEDIA_TYPE: refusal(415, "The body must be application/json."),
  IDEMPOTENCY_MISMATCH: refusal(422, "This Idempotency-Key was used with another body."),
  UPGRADE_REQUIRED: refusal(426, "Only a WebSocket can be opened here."),
  RATE_LIMITED: later(429, "Too many requests; slow down."),
  HEADERS_TOO_LARGE: refusal(431, "The headers are too large."),
  INTERNAL: later(500, "Something failed on our side."),
  BUSY: later(503, "Too much work is waiting; try again shortly."),
  DATABASE_UNAVAILABLE: later(503, "The database can't be reached; send the same request again."),
  QUEUE_UNAVAILABLE: later(503, "The queue's store can't be reached; your place is kept."),
  REBUILDING: later(503, "The queue is being rebuilt; your place is kept."),
  SHUTTING_DOWN: later(503, "This server is restarting; try again."),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export interface FieldError {
  /** Where, in dotted form: `queue.ratePerMinute`, `seatIds.0`; empty: the request as a whole. */
  readonly path: string;
  readonly message: string;
}

export interface ProblemOptions {
  /** One sentence about this occurrence; the entry's title when absent. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Whole seconds; every 429 and 503 gets a default of 1. */
  readonly retryAfterSeconds?: number;
  /** Members of the answer beside the standard ones, such as `seats`. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A refusal on its way to the client as RFC 9457 `application/problem+json`. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ErrorCode;
  readonly options: ProblemOptions;

  constructor(code: ErrorCode, options: ProblemOptions = {}) {
    super(options.detail ?? ERRORS[code].title, { cause: options.cause });
    this.code = code;
    this.options = options;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Seconds to wait before a retry, or null when the answer carries no Retry-After. */
  get retryAfterSeconds(): number | null {
    const { retryAfterSeconds } = this.options;
    if (retryAfterSeconds !== undefined) return Math.max(1, Math.ceil(retryAfterSeconds));
    return this.status === 429 || this.status === 503 ? 1 : null;
  }

  /** A validation always names what was wrong, if only the request as a whole. */
  private get errors(): readonly FieldError[] | undefined {
    if (this.options.errors || this.code !== "VALIDATION_FAILED") return this.options.errors;
    return [{ path: "", message: this.message }];
  }

  toJSON(instance: string, requestId: string): Record<string, unknown> {
    const { status, title, retryable } = ERRORS[this.code];
    return {
      type: `/docs/errors#${this.code}`,
      title,
      status,
      detail: this.message,
      instance,
      code: this.code,
      retryable,
      requestId,
      ...(this.errors ? { errors: this.errors } : {}),
      ...this.options.extensions,
    };
  }
}
