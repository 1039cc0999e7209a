/**
 * Checks a draw with nothing but what was published and WebCrypto: the same file runs in Node and in a browser, and
 * depends on nothing else of this program. docs/fairness.md says what is computed and why.
 *
 *   commitment = SHA-256(seed)
 *   root       = Merkle tree (RFC 9162) over the ticketIds, sorted
 *   order      = tickets sorted by HMAC-SHA256(seed ‖ root ‖ public value, ticketId)
 */
export const ALGORITHM = "fastpass-draw-1";

/** What `GET /queues/{id}/draw` answers, as far as it is needed. */
export interface PublishedDraw {
  readonly algorithm: string;
  readonly commitment: string;
  readonly root: string | null;
  readonly seed: string | null;
  readonly counts: { readonly entries: number | null };
  readonly beacon: { readonly before: string | null; readonly value: string | null } | null;
}

/** What `GET /queues/{id}/tickets/me/proof` answers, as far as it is needed. */
export interface PlaceProof {
  readonly ticketId: string;
  readonly root: string;
  readonly entries: number;
  readonly leaf: number;
  readonly path: readonly string[];
}

/** What is wrong: which part of what was published, and how it shows. */
export interface Finding {
  readonly part: "form" | "seed" | "root" | "list" | "order" | "beacon" | "proof";
  readonly detail: string;
}

export interface Verdict {
  readonly entries: number;
  /** None: the order is the one that was committed to. */
  readonly findings: readonly Finding[];
  /** What a reader should know although the order is right. */
  readonly warnings: readonly string[];
}

export interface Options {
  /** Told now and then how much of the work is done, from 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

/** What WebCrypto takes: bytes that no other thread can change meanwhile. */
type Bytes = Uint8Array<ArrayBuffer>;

const TICKET = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;
/** Hashes asked of WebCrypto at once. */
const BATCH = 500;

/** @param order ticketIds as they were drawn, the first place first. */
export async function verifyDraw(
  draw: PublishedDraw,
  order: readonly string[],
  { onProgress = () => undefined }: Options = {},
): Promise<Verdict> {
  const verdict = (findings: readonly Finding[], warnings: readonly string[] = []): Verdict => ({
    entries: order.length,
    findings,
    warnings,
  });
  const malformed = checkForm(draw);
  if (malformed.length > 0) return verdict(malformed);
  const seed = fromHex(draw.seed ?? "");
  const root = fromHex(draw.root ?? "");
  const broken = await verifySeed(draw);
  if (broken.length > 0) return verdict(broken);
  const listed = checkList(draw, order);
  if (listed.length > 0) return verdict(listed);

  const sorted = [...order].sort();
  const computed = await merkleRoot(sorted, (done) => onProgress(done / 2));
  const beacon = checkBeacon(draw);
  const value = new TextEncoder().encode(draw.beacon?.value ?? "");
  const macs = await macsOf(join(seed, root, value), order, (done) => onProgress(0.5 + done / 2));
  onProgress(1);
  if (toHex(computed) === draw.root) {
    const misplaced = misplacedIn(macs);
    return verdict([...beacon.findings, ...orderFindings(misplaced, order)], beacon.warnings);
  }
  const otherwise = await macsOf(join(seed, computed, value), order, () => undefined);
  return verdict([...beacon.findings, blame(otherwise, macs)], beacon.warnings);
}

/** Whether the seed that was published is the one that was committed to. */
export async function verifySeed(draw: Pick<PublishedDraw, "commitment" | "seed">): Promise<Finding[]> {
  if (toHex(await sha256(fromHex(draw.seed ?? ""))) === draw.commitment) return [];
  return [{ part: "seed", detail: "the seed published is not the one that was committed to" }];
}

/** Whether a ticket is on the list that the root stands for. */
export async function verifyProof(draw: Pick<PublishedDraw, "root">, proof: PlaceProof): Promise<Finding[]> {
  const wrong = (detail: string): Finding[] => [{ part: "proof", detail }];
  const { ticketId, root, entries, leaf, path } = proof;
  if (!TICKET.test(ticketId) || !path.every((hash) => HASH.test(hash)))
    return wrong("the proof does not have the documented form");
  if (root !== draw.root) return wrong("the proof is for another root than the draw's");
  if (!Number.isInteger(leaf) || !Number.isInteger(entries) || leaf < 0 || leaf >= entries)
    return wrong("the proof names a place that the list does not have");
  // RFC 9162, 2.1.3.2.
  let [index, last] = [leaf, entries - 1];
  let hash = await leafHash(ticketId);
  for (const beside of path) {
    if (last === 0) return wrong("the proof is longer than the list is deep");
    if (index % 2 === 1 || index === last) {
      hash = await nodeHash(fromHex(beside), hash);
      while (index % 2 === 0 && index !== 0) [index, last] = [index / 2, Math.floor(last / 2)];
    } else {
      hash = await nodeHash(hash, fromHex(beside));
    }
    [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
  }
  return last === 0 && toHex(hash) === root ? [] : wrong("the proof does not lead to the root");
}

/** @param text what `GET /queues/{id}/draw/entries` answers. @returns the ticketIds in order, or what is wrong. */
export function readEntries(text: string): { readonly order: string[]; readonly findings: Finding[] } {
  const order: string[] = [];
  for (const [index, line] of text.trimEnd().split("\n").entries()) {
    if (line === "" && index === 0) break;
    let entry: { place?: unknown; ticketId?: unknown };
    try {
      entry = JSON.parse(line);
    } catch {
      entry = {};
    }
    if (entry.place !== index + 1 || typeof entry.ticketId !== "string") {
      const detail = `line ${index + 1} is not the entry of place ${index + 1}`;
      return { order, findings: [{ part: "form", detail }] };
    }
    order.push(entry.ticketId);
  }
  return { order, findings: [] };
}

function checkForm(draw: PublishedDraw): Finding[] {
  const wrong = (detail: string): Finding[] => [{ part: "form", detail }];
  if (draw.algorithm !== ALGORITHM)
    return wrong(`the algorithm is ${draw.algorithm}, this checks ${ALGORITHM}`);
  if (draw.root === null) return wrong("the list is not fixed yet: the lobby has not closed");
  if (draw.seed === null) return wrong("the seed is not published yet: the draw is being made");
  for (const name of ["commitment", "root", "seed"] as const) {
    const text = draw[name];
    if (typeof text !== "string" || !HASH.test(text))
      return wrong(`the ${name} is not 64 hexadecimal digits`);
  }
  if (!Number.isInteger(draw.counts.entries)) return wrong("the number of entries is not a whole number");
  if (draw.beacon !== null && !(isText(draw.beacon?.before) && isText(draw.beacon?.value)))
    return wrong("the public value does not have the documented form");
  return [];
}

function isText(value: unknown): boolean {
  return value === null || typeof value === "string";
}

function checkList({ counts }: PublishedDraw, order: readonly string[]): Finding[] {
  const wrong = (detail: string): Finding[] => [{ part: "list", detail }];
  const odd = order.findIndex((ticketId) => !TICKET.test(ticketId));
  if (odd >= 0) return wrong(`place ${odd + 1} has no ticketId: ${order[odd]?.slice(0, 60)}`);
  const seen = new Set<string>();
  for (const [index, ticketId] of order.entries()) {
    if (seen.has(ticketId))
      return wrong(`ticket ${ticketId} stands there twice, the second time at place ${index + 1}`);
    seen.add(ticketId);
  }
  if (order.length !== counts.entries)
    return wrong(`there are ${order.length} tickets, ${counts.entries} were on the list when it was fixed`);
  return [];
}

function checkBeacon({ beacon }: PublishedDraw): { findings: Finding[]; warnings: string[] } {
  if (beacon === null) return { findings: [], warnings: [] };
  if (beacon.value === null)
    return {
      findings: [],
      warnings: ["a public value was promised and none was used: the order rests on seed and list alone"],
    };
  if (beacon.value === beacon.before)
    return {
      findings: [{ part: "beacon", detail: "the public value was known before the list was fixed" }],
      warnings: [],
    };
  return { findings: [], warnings: [] };
}

/** The root is not that of the list: which of the two was changed shows in the order, which depends on both. */
function blame(underComputed: readonly string[], underPublished: readonly string[]): Finding {
  if (misplacedIn(underComputed).length === 0 && underComputed.length > 1)
    return {
      part: "root",
      detail: "the root published is not the list's; the order is the one of the list's own root",
    };
  const first = underPublished.findIndex(
    (mac, index) => index > 0 && mac < (underPublished[index - 1] as string),
  );
  const where = first < 0 ? "" : `; look about place ${first + 1}`;
  return { part: "list", detail: `this is not the list that the root was made of${where}` };
}

/** The places, from 1, that have another ticket than they should. */
function misplacedIn(macs: readonly string[]): number[] {
  const right = [...macs].sort();
  return macs.flatMap((mac, index) => (mac === right[index] ? [] : [index + 1]));
}

function orderFindings(misplaced: readonly number[], order: readonly string[]): Finding[] {
  const [first] = misplaced;
  if (first === undefined) return [];
  const detail = `${misplaced.length} of ${order.length} places have another ticket than seed, root and public value give them, the first is place ${first}`;
  return [{ part: "order", detail }];
}

async function merkleRoot(sorted: readonly string[], onProgress: (done: number) => void): Promise<Bytes> {
  if (sorted.length === 0) return sha256(new Uint8Array());
  let level = await mapBatched(sorted, leafHash, onProgress);
  // An odd one at the end goes up as it is.
  while (level.length > 1) {
    const pairs = Array.from({ length: Math.ceil(level.length / 2) }, (_, index) => index * 2);
    const below = level;
    level = await mapBatched(pairs, async (at) => {
      const right = below[at + 1];
      return right ? nodeHash(below[at] as Bytes, right) : (below[at] as Bytes);
    });
  }
  return level[0] as Bytes;
}

async function macsOf(
  keyBytes: Bytes,
  ticketIds: readonly string[],
  onProgress: (done: number) => void,
): Promise<string[]> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", keyBytes, algorithm, false, ["sign"]);
  const encoder = new TextEncoder();
  return mapBatched(
    ticketIds,
    async (ticketId) =>
      toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(ticketId)))),
    onProgress,
  );
}

async function mapBatched<From, To>(
  items: readonly From[],
  map: (item: From) => Promise<To>,
  onProgress: (done: number) => void = () => undefined,
): Promise<To[]> {
  const mapped: To[] = [];
  for (let start = 0; start < items.length; start += BATCH) {
    mapped.push(...(await Promise.all(items.slice(start, start + BATCH).map(map))));
    onProgress(mapped.length / items.length);
  }
  return mapped;
}

const leafHash = (ticketId: string) => sha256(join(Uint8Array.of(0), new TextEncoder().encode(ticketId)));
const nodeHash = (left: Bytes, right: Bytes) => sha256(join(Uint8Array.of(1), left, right));

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function join(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fromHex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
