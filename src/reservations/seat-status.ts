/** The four states of a seat, and the letters they travel as. */
export type SeatStatus = "AVAILABLE" | "HELD" | "OCCUPIED" | "BLOCKED";

/** As in the availability string: one letter a seat, in ordinal order. */
export type SeatLetter = "A" | "H" | "O" | "B";

export const SEAT_LETTERS: Readonly<Record<SeatStatus, SeatLetter>> = {
  AVAILABLE: "A",
  HELD: "H",
  OCCUPIED: "O",
  BLOCKED: "B",
};
