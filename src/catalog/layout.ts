/**
 * The layout document as the bytes that are sent, made once for each performance.
 *
 * It is written piece by piece: turning 50,000 seats into text in one go would hold every socket of the gateway
 * for a tenth of a second.
 */
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { SeatMap } from "./types.ts";

export interface Layout {
  readonly json: Buffer;
  /** The same compressed: 50,000 seats are 5.6 MB, and this is what a phone waits for when it is its turn. */
  readonly gzip: Buffer;
  /** Weak: of the content, in whichever of the two codings it is sent. */
  readonly etag: string;
}

const compress = promisify(gzip);

const SEATS_PER_TURN = 2_000;

export async function writeLayout(map: SeatMap): Promise<Layout> {
  const pieces: Buffer[] = [];
  let text = `{"version":${map.version},"sections":[`;
  for (let ordinal = 0; ordinal < map.seatCount; ordinal += 1) {
    text += opening(map, ordinal) + seat(map, ordinal) + closing(map, ordinal);
    if (ordinal % SEATS_PER_TURN === SEATS_PER_TURN - 1) {
      pieces.push(Buffer.from(text));
      text = "";
      await nextTurn();
    }
  }
  pieces.push(Buffer.from(`${text}]}`));
  const json = Buffer.concat(pieces);
  const digest = createHash("sha256").update(json).digest("base64url").slice(0, 22);
  return { json, gzip: await compress(json), etag: `W/"${digest}"` };
}

function opening(map: SeatMap, ordinal: number): string {
  const sectionIndex = map.sectionOf[ordinal] as number;
  const row = `{"name":${JSON.stringify(map.rowName[ordinal])},"seats":[`;
  if (ordinal > 0 && map.sectionOf[ordinal - 1] === sectionIndex) {
    return map.rowName[ordinal - 1] === map.rowName[ordinal] ? "," : `,${row}`;
  }
  const { id, name, amount } = map.sections[sectionIndex] as SeatMap["sections"][number];
  const section = `{"id":"${id}","name":${JSON.stringify(name)},"amount":${amount},"rows":[${row}`;
  return ordinal === 0 ? section : `,${section}`;
}

function closing(map: SeatMap, ordinal: number): string {
  const next = ordinal + 1;
  if (next === map.seatCount || map.sectionOf[next] !== map.sectionOf[ordinal]) return "]}]}";
  return map.rowName[next] === map.rowName[ordinal] ? "" : "]}";
}

function seat(map: SeatMap, i: number): string {
  return `{"id":"${map.ids[i]}","ordinal":${i},"number":${map.number[i]},"x":${map.x[i]},"y":${map.y[i]},"accessible":${map.accessible[i] === 1}}`;
}
