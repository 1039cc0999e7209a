/** Seats and prices in the reader's words. */
import { formatMoney, type Language, seatTexts } from "../../presentation/index.ts";
import type { Hall } from "../seat-map/hall.ts";
import { AVAILABLE, BLOCKED, HELD, OCCUPIED, type SeatStates } from "../seat-map/seat-states.ts";

export interface Words {
  name(ordinal: number): string;
  price(ordinal: number): string;
  money(amount: number): string;
  /** Name, price, kind and state: all that there is to know. */
  all(ordinal: number): string;
  state(ordinal: number): string;
}

export interface WordsOptions {
  readonly hall: Hall;
  readonly states: SeatStates;
  readonly currency: string;
  readonly language: Language;
  readonly chosen: ReadonlySet<number>;
  readonly mine: ReadonlySet<number>;
}

export function wordsFor({ hall, states, currency, language, chosen, mine }: WordsOptions): Words {
  const texts = seatTexts[language];
  const byState = {
    [AVAILABLE]: texts.stateFree,
    [HELD]: texts.stateHeld,
    [OCCUPIED]: texts.stateSold,
    [BLOCKED]: texts.stateBlocked,
  };
  const money = (amount: number) => formatMoney(amount, currency, language);
  const name = (ordinal: number) => {
    const { section, row, number } = hall.describe(ordinal);
    return texts.seat(section, row, String(number));
  };
  const price = (ordinal: number) => money(hall.describe(ordinal).amount);
  const state = (ordinal: number) => {
    if (mine.has(ordinal)) return texts.stateMine;
    return chosen.has(ordinal) ? texts.stateChosen : byState[states.of(ordinal)];
  };
  return {
    name,
    price,
    money,
    state,
    all(ordinal) {
      const kind = hall.accessible[ordinal] === 1 ? [texts.accessible] : [];
      return [name(ordinal), price(ordinal), ...kind, state(ordinal)].join(" · ");
    },
  };
}
