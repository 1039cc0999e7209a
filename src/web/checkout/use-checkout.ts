/**
 * One reservation and what is being done about it.
 *
 * A payment is asked for under its own key until its end is known, across lost answers and reloads; what the fan
 * sees is the reservation as the server last told it, read again whenever somebody else decides.
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, callApi } from "../app/api.ts";
import { useNow } from "../app/clock.ts";
import { isUndecided, type Reservation } from "../reservations/reservation.ts";
import { createTries, type Try } from "./tries.ts";

export interface Checkout {
  readonly reservation: Reservation | null;
  /** The page could not be loaded. */
  readonly error: unknown;
  readonly paying: boolean;
  /** The answer to a payment did not come, and it is asked for again. */
  readonly asking: boolean;
  readonly declined: boolean;
  /** Why the last thing did not work. */
  readonly refusal: ApiError | null;
  /** By the server's clock; below zero when the time is over. */
  readonly secondsLeft: number;
  pay(card: string): void;
  giveBack(): void;
  again(): void;
}

const tries = createTries(sessionStorage, () => crypto.randomUUID());
const LOOK_AGAIN_MS = 2_000;
const ASK_AGAIN_SECONDS = 1.5;
const MOST_ASK_AGAIN_SECONDS = 10;

/** The same request may still have an effect, or had one whose answer got lost. */
function isOpen({ code, status }: ApiError): boolean {
  return code === "OFFLINE" || code === "IDEMPOTENCY_IN_PROGRESS" || status === 429 || status >= 500;
}

export function useCheckout(id: string): Checkout {
  const [reservation, setReservation] = useState<Reservation | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [paying, setPaying] = useState(false);
  const [asking, setAsking] = useState(false);
  const [declined, setDeclined] = useState(false);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const busy = useRef(false);
  const left = useRef(false);
  const status = useRef<Reservation["status"] | null>(null);

  const take = useCallback((next: Reservation) => {
    // Somebody was deciding and the seats are only held again: no.
    const refused = status.current === "PAYING" && next.status === "HELD";
    if (refused) setDeclined(true);
    // A try that was begun before a reload is still to be gone on with while the seats are held.
    if (refused || (next.status !== "HELD" && next.status !== "PAYING")) tries.end(id);
    status.current = next.status;
    setReservation(next);
  }, []);

  const read = useCallback(async () => {
    const next = await callApi<Reservation>("GET", `/reservations/${id}`);
    if (!left.current) take(next);
    return next;
  }, []);

  /** Resolves when the end of the try is known, or is up to the provider. */
  const ask = useCallback(async ({ key, card }: Try): Promise<void> => {
    for (let pause = ASK_AGAIN_SECONDS; !left.current; pause = Math.min(pause * 2, MOST_ASK_AGAIN_SECONDS)) {
      try {
        const body = { method: { type: "sandbox", card } };
        const call = { body, idempotencyKey: key };
        const answer = await callApi<{ reservation: Reservation }>(
          "POST",
          `/reservations/${id}/payments`,
          call,
        );
        take(answer.reservation);
        return;
      } catch (fault) {
        if (!(fault instanceof ApiError)) throw fault;
        if (!isOpen(fault)) {
          tries.end(id);
          throw fault;
        }
        setAsking(true);
        await new Promise((resume) => setTimeout(resume, (fault.retryAfterSeconds ?? pause) * 1_000));
      }
    }
  }, []);

  const run = useCallback(async (work: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    setPaying(true);
    setDeclined(false);
    setRefusal(null);
    try {
      await work();
    } catch (fault) {
      if (fault instanceof ApiError && fault.code === "PAYMENT_DECLINED") setDeclined(true);
      else if (fault instanceof ApiError) setRefusal(fault);
      else throw fault;
    } finally {
      busy.current = false;
      setPaying(false);
      setAsking(false);
    }
    await read().catch(() => undefined);
  }, []);

  const again = useCallback(() => {
    setError(null);
    read().then(
      ({ status: now }) => {
        const begun = tries.underWay(id);
        if (begun && (now === "HELD" || now === "PAYING")) void run(() => ask(begun));
      },
      (fault) => setError(fault),
    );
  }, []);

  useEffect(() => {
    again();
    return () => {
      left.current = true;
    };
  }, []);

  const now = useNow(reservation?.status === "HELD" ? 1_000 : null);
  const secondsLeft = reservation ? Math.ceil((Date.parse(reservation.expiresAt) - now) / 1_000) : 0;
  const waits =
    reservation !== null &&
    (isUndecided(reservation.status) || (reservation.status === "HELD" && secondsLeft <= 0));
  useEffect(() => {
    if (!waits) return;
    const look = () => {
      if (!document.hidden) read().catch(() => undefined);
    };
    look();
    const timer = setInterval(look, LOOK_AGAIN_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [waits]);

  return {
    reservation,
    error,
    paying,
    asking,
    declined,
    refusal,
    secondsLeft,
    pay: (card) => void run(() => ask(tries.begin(id, card))),
    giveBack: () => void run(() => callApi("DELETE", `/reservations/${id}`)),
    again,
  };
}
