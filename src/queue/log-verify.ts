/**
 * Is the admission log still what was written?
 *
 * Each row's hash is made from the one before, so the first row that was altered, removed or moved shows by itself.
 * Whoever can write to the table could make a whole new chain from some row on; that one does not lead to the heads
 * that were signed each minute, nor to one that somebody noted down.
 */
import type { Queryable } from "../platform/postgres.ts";
import { type ChainFault, type ChainRow, createChainCheck, wasWrittenAt } from "./checker/chain.ts";
import type { Credentials } from "./credentials.ts";
import { readJournal } from "./journal.ts";
import { readHeads } from "./log-head.ts";
import { readQueue } from "./queue-store.ts";

export interface LogReport {
  /** Rows that are right, from the first on. */
  readonly rows: number;
  /** The hash of the last of them, hexadecimal. */
  readonly head: string;
  /** Heads that agree with the rows, those handed in included. */
  readonly heads: number;
  /** Sentences that name what is wrong, the first row first; none when all is well. */
  readonly faults: readonly string[];
}

interface Head {
  /** Null when only the hash was noted down. */
  readonly number: number | null;
  readonly hash: string;
  readonly whose: string;
}

/**
 * @param noted a head that was noted down: as `logHead` shows it, or the hash alone in hexadecimal.
 * @returns null when there is no such queue.
 */
export async function verifyLog(
  db: Queryable,
  credentials: Pick<Credentials, "verifyHead">,
  queueId: string,
  noted: string | null,
): Promise<LogReport | null> {
  const queue = await readQueue(db, queueId);
  if (!queue) return null;
  const faults: string[] = [];
  const heads: Head[] = [];
  const add = (token: string, whose: string) => {
    const head = credentials.verifyHead(token, queueId);
    if (head) heads.push({ ...head, whose });
    else faults.push(`${whose} was not signed by this key for this queue`);
  };
  for (const token of await readHeads(db, queueId)) add(token, "a head of the table queue_heads");
  if (noted !== null && /^[0-9a-f]{64}$/i.test(noted))
    heads.push({ number: null, hash: noted.toLowerCase(), whose: "the head noted down" });
  else if (noted !== null) add(noted, "the head noted down");

  const chain = createChainCheck();
  const hashes = new Map<string, number>();
  let broken: ChainFault | null = null;
  for await (const row of readJournal(db, queueId)) {
    if (row.number > queue.journalLength) break;
    broken = chain.next(row);
    if (broken) break;
    hashes.set(row.hash.toString("hex"), row.number);
  }
  if (broken) faults.unshift((await whereMoved(db, queueId, broken, chain.head)) ?? broken.detail);
  else if (chain.length < queue.journalLength) faults.unshift(missing(chain.length + 1, queue.journalLength));
  else if (!chain.head.equals(queue.journalHead))
    faults.unshift(`row ${chain.length} is not the one that was committed last`);
  const agreeing = compare(heads, hashes, chain.length, broken !== null, faults);
  return { rows: chain.length, head: chain.head.toString("hex"), heads: agreeing, faults };
}

/** @returns how many heads stand where they should. */
function compare(
  heads: readonly Head[],
  hashes: ReadonlyMap<string, number>,
  length: number,
  isBroken: boolean,
  faults: string[],
): number {
  let agreeing = 0;
  let lastGood = 0;
  for (const { number, hash, whose } of heads) {
    const found = hashes.get(hash);
    if (found !== undefined && (number === null || found === number)) {
      agreeing += 1;
      lastGood = Math.max(lastGood, found);
    } else if (number === null) {
      // After a break in the chain nothing can be said of what comes behind it.
      if (!isBroken) faults.push(`no row has the hash of ${whose}: rows were written anew`);
    } else if (number > length) {
      if (!isBroken) faults.push(`${whose} is of row ${number}: ${missing(length + 1, number)}`);
    } else {
      const first = lastGood + 1;
      const which = first === number ? `row ${first} was` : `one of the rows ${first} to ${number} was`;
      faults.push(`${whose} is of row ${number}, which has another hash: ${which} altered, and all after it`);
    }
  }
  return agreeing;
}

/** The row that belongs where the chain breaks may stand further back. */
async function whereMoved(
  db: Queryable,
  queueId: string,
  { number }: ChainFault,
  head: Buffer,
): Promise<string | null> {
  for await (const row of readJournal(db, queueId)) {
    if (row.number > number && wasWrittenAt(row as ChainRow, number, head))
      return `row ${number} was moved: it is row ${row.number} now`;
  }
  return null;
}

function missing(from: number, to: number): string {
  return from === to ? `row ${from} is missing` : `rows ${from} to ${to} are missing`;
}
