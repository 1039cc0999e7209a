/**
 * Is the journal still what was written? Numbers without a gap, and each row's hash made from the one before.
 *
 * Whoever can write to the table can make a new chain from some row on; that shows only against a head noted down
 * elsewhere, which must be the hash of some row.
 */
import { chainHash, type JournalEntry } from "../journal.ts";

export type ChainRow = JournalEntry & { readonly epoch: number; readonly hash: Buffer };

export type ChainFault = {
  /** The number that should stand there. */
  readonly number: number;
  readonly kind: "removed" | "altered" | "reordered";
  readonly detail: string;
};

export const EMPTY_HEAD = Buffer.alloc(32);

export interface ChainCheck {
  /** The hash of the last row that was right. */
  readonly head: Buffer;
  readonly length: number;
  /** @returns what is wrong with this row, the first time something is. */
  next(row: ChainRow): ChainFault | null;
}

export function createChainCheck(): ChainCheck {
  let head: Buffer = EMPTY_HEAD;
  let length = 0;
  return {
    get head() {
      return head;
    },
    get length() {
      return length;
    },
    next(row) {
      const number = length + 1;
      if (row.number !== number) {
        const last = row.number - 1;
        const which = last === number ? `row ${number} is` : `rows ${number} to ${last} are`;
        return { number, kind: "removed", detail: `${which} missing` };
      }
      if (!chainHash(head, row.epoch, row).equals(row.hash)) {
        return { number, kind: "altered", detail: `row ${number} is not what was written` };
      }
      head = row.hash;
      length = number;
      return null;
    },
  };
}

/** Whether this row is the one that was written under another number, right after the given head. */
export function wasWrittenAt(row: ChainRow, number: number, head: Buffer): boolean {
  return chainHash(head, row.epoch, { ...row, number }).equals(row.hash);
}
