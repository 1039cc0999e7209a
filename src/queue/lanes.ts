/**
 * Priority lanes: a name, a share of each tick, and codes that open it.
 *
 * A place is counted within its lane, so nobody's number rises because of another's code. The general lane has what
 * the others leave; a lane in which nobody waits leaves its share to those in which somebody does.
 */
import { createHash, randomBytes } from "node:crypto";
import { LANES } from "./keys.ts";

/** The lane that needs no code. */
export const GENERAL_LANE = "general";
/** At least this part of each tick stays with the general lane. */
const LEAST_GENERAL_SHARE = 0.05;
const HASH_CHARACTERS = 24;
/** Crockford's: no letter that is taken for a digit. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_CHARACTERS = 12;

export interface Lane {
  /** 1 to 7. */
  readonly index: number;
  readonly name: string;
  /** Part of each tick, above 0 and below 1. */
  readonly share: number;
}

export interface LaneCode {
  readonly hash: string;
  readonly lane: number;
  readonly uses: number;
}

export type AddLaneOutcome =
  | { readonly ok: true; readonly lanes: readonly Lane[]; readonly lane: Lane }
  | { readonly ok: false; readonly path: string; readonly message: string };

/** Adds a lane, or takes an existing one by its name and gives it the share named now. */
export function withLane(lanes: readonly Lane[], name: string, share: number): AddLaneOutcome {
  if (name === GENERAL_LANE)
    return { ok: false, path: "name", message: `${GENERAL_LANE} is the lane without a code` };
  const others = lanes.filter((lane) => lane.name !== name);
  const index = lanes.find((lane) => lane.name === name)?.index ?? others.length + 1;
  if (index >= LANES)
    return { ok: false, path: "name", message: `a queue has at most ${LANES - 1} lanes with codes` };
  const taken = others.reduce((sum, lane) => sum + lane.share, 0);
  if (taken + share > 1 - LEAST_GENERAL_SHARE) {
    const most = Math.max(0, 1 - LEAST_GENERAL_SHARE - taken).toFixed(2);
    return { ok: false, path: "share", message: `at most ${most} is left beside the other lanes` };
  }
  const lane = { index, name, share };
  return { ok: true, lane, lanes: [...others, lane].sort((a, b) => a.index - b.index) };
}

/** Every lane's share as the scripts read them, the general one's included. */
export function sharesForScripts(lanes: readonly Lane[]): Record<string, number> {
  const named = Object.fromEntries(lanes.map(({ index, share }) => [`share${index}`, share]));
  return { ...named, share0: Number((1 - lanes.reduce((sum, { share }) => sum + share, 0)).toFixed(6)) };
}

export function laneName(lanes: readonly Lane[], index: number): string {
  return lanes.find((lane) => lane.index === index)?.name ?? GENERAL_LANE;
}

/** A code of 60 random bits, in groups that can be read aloud: `7Q2M-0XKD-4T9V`. */
export function newCode(): string {
  const letters = Array.from(randomBytes(CODE_CHARACTERS), (byte) => ALPHABET[byte & 31]).join("");
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}-${letters.slice(8)}`;
}

/** What is kept of a code. Case, spaces and hyphens do not matter, nor do I, L and O typed for 1 and 0. */
export function hashCode(code: string): string {
  const plain = code.toUpperCase().replace(/[\s-]/g, "").replace(/[IL]/g, "1").replace(/O/g, "0");
  return createHash("sha256").update(plain).digest("hex").slice(0, HASH_CHARACTERS);
}
