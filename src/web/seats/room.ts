/**
 * What the seats page knows and does, apart from how it is shown: what is picked, what was lost meanwhile, what was
 * refused. The map, the list and the panel all show this one state.
 */
import { createStore, type Store } from "../app/store.ts";
import { type Choice, toggle, withoutLost } from "../seat-map/choice.ts";
import type { Hall } from "../seat-map/hall.ts";
import { nearestFree } from "../seat-map/nearest.ts";
import type { SeatStates } from "../seat-map/seat-states.ts";

export interface BestWanted {
  readonly quantity: number;
  readonly sectionId?: string;
  readonly accessible?: boolean;
}

export type HoldBody = { readonly seatIds: readonly string[] } | { readonly bestAvailable: BestWanted };

export type HoldOutcome =
  | { readonly ok: true; readonly reservationId: string }
  | {
      readonly ok: false;
      readonly code: string;
      /** Those of the wanted seats that somebody else has. */
      readonly taken: readonly number[];
      /** False when the request may have had an effect all the same. */
      readonly answered: boolean;
      readonly fault: unknown;
    };

type Refused = Extract<HoldOutcome, { ok: false }>;

export interface Loss {
  readonly seats: readonly number[];
  readonly offer: readonly number[] | null;
}

export interface RoomState {
  readonly choice: Choice;
  /** Seats that were picked, or asked for, and went to somebody else, with what is free nearby. */
  readonly loss: Loss | null;
  /** What was refused last; cleared by the next thing that is done. */
  readonly refusal: "taken" | "limit" | "contended" | "group" | { readonly fault: unknown } | null;
  readonly holding: boolean;
  /** The turn is over: the pass is no good any more. */
  readonly over: boolean;
  /** Rises whenever a seat's state changed. */
  readonly round: number;
}

export interface RoomDeps {
  readonly hall: Hall;
  readonly states: SeatStates;
  readonly limit: number;
  /** `POST …/reservations`. */
  hold(body: HoldBody, idempotencyKey: string): Promise<HoldOutcome>;
  onHeld(reservationId: string): void;
  newKey(): string;
}

export interface Room {
  readonly store: Store<RoomState>;
  free(ordinal: number): boolean;
  toggle(ordinal: number): void;
  /** Picks what was offered instead of what is picked now. */
  takeOffer(): void;
  dismiss(): void;
  hold(): Promise<void>;
  holdBest(wanted: BestWanted): Promise<void>;
  /** The feed told that these seats changed. */
  changed(ordinals: readonly number[]): void;
  end(): void;
}

const CONTENDED_PAUSE_MS = 400;

export function createRoom(deps: RoomDeps): Room {
  const { hall, states } = deps;
  const store = createStore<RoomState>({
    choice: { seats: [], limit: deps.limit },
    loss: null,
    refusal: null,
    holding: false,
    over: false,
    round: 0,
  });
  const update = (change: Partial<RoomState>) => store.set({ ...store.get(), ...change });
  /** Refused to us while the map still shows them free; the feed has the next word on them. */
  const gone = new Set<number>();
  const free = (ordinal: number) => states.free(ordinal) && !gone.has(ordinal);
  /** A hold whose answer never came is asked for again under its own key. */
  let unanswered: { readonly text: string; readonly key: string } | null = null;

  /** What was picked when it was lost; what is offered stays near it. */
  let wanted: readonly number[] = [];

  function lose(seats: readonly number[], picked: readonly number[]): void {
    wanted = picked;
    const { choice } = withoutLost(store.get().choice, free);
    update({ choice, loss: { seats, offer: nearestFree(hall, wanted, free) }, refusal: null });
  }

  /** While a hold is asked for, our own seats turn held; only its answer says whose they are. */
  function checkChoice(): void {
    const { choice, loss, holding } = store.get();
    if (holding) return;
    const { lost } = withoutLost(choice, free);
    if (lost.length > 0) lose(lost, choice.seats);
    else if (loss?.offer && !loss.offer.every(free))
      update({ loss: { ...loss, offer: nearestFree(hall, wanted, free) } });
  }

  async function ask(body: HoldBody): Promise<HoldOutcome> {
    const text = JSON.stringify(body);
    const key = unanswered?.text === text ? unanswered.key : deps.newKey();
    unanswered = { text, key };
    const outcome = await deps.hold(body, key);
    if (outcome.ok || outcome.answered) unanswered = null;
    return outcome;
  }

  /** Whoever takes a seat at this very moment may still lose it to its limit or its card. */
  async function askTwice(body: HoldBody): Promise<HoldOutcome> {
    const outcome = await ask(body);
    if (outcome.ok || outcome.code !== "SEAT_CONTENDED") return outcome;
    await new Promise((resume) => setTimeout(resume, CONTENDED_PAUSE_MS * (0.5 + Math.random())));
    return ask(body);
  }

  function refuse({ code, taken, fault }: Refused, picked: readonly number[]): void {
    if (code === "SEAT_TAKEN") {
      for (const ordinal of taken) gone.add(ordinal);
      lose(taken, picked);
    } else if (/^PASS_/.test(code)) update({ over: true });
    else if (code === "SEAT_LIMIT") update({ refusal: "limit" });
    else if (code === "SEAT_CONTENDED") update({ refusal: "contended" });
    else if (code === "NO_ADJACENT_SEATS") update({ refusal: "group" });
    else update({ refusal: { fault } });
  }

  async function holdBody(body: HoldBody, picked: readonly number[]): Promise<void> {
    if (store.get().holding) return;
    update({ holding: true, refusal: null, loss: null });
    const outcome = await askTwice(body);
    if (outcome.ok) {
      deps.onHeld(outcome.reservationId);
      return;
    }
    update({ holding: false });
    refuse(outcome, picked);
    checkChoice();
  }

  return {
    store,
    free,
    toggle(ordinal) {
      const picked = toggle(store.get().choice, ordinal, free);
      if (picked.ok) update({ choice: picked.choice, refusal: null });
      else update({ refusal: picked.reason });
    },
    takeOffer() {
      const { loss, choice } = store.get();
      if (loss?.offer)
        update({ choice: { ...choice, seats: loss.offer.slice(0, choice.limit) }, loss: null });
    },
    dismiss: () => update({ loss: null, refusal: null }),
    async hold() {
      const { seats } = store.get().choice;
      if (seats.length > 0)
        await holdBody({ seatIds: seats.map((ordinal) => hall.ids[ordinal] as string) }, seats);
    },
    holdBest: (wanted) => holdBody({ bestAvailable: wanted }, []),
    changed(ordinals) {
      for (const ordinal of ordinals) gone.delete(ordinal);
      update({ round: store.get().round + 1 });
      checkChoice();
    },
    end: () => update({ over: true }),
  };
}
