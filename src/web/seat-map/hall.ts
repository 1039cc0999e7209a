/**
 * The hall as columns: index i is the seat with ordinal i, so 50,000 seats are a few typed arrays and not as many
 * objects, and a letter of the availability string finds its seat by its place.
 */

export interface Layout {
  readonly version: number;
  readonly sections: readonly {
    readonly id: string;
    readonly name: string;
    readonly amount: number;
    readonly rows: readonly {
      readonly name: string;
      readonly seats: readonly {
        readonly id: string;
        readonly ordinal: number;
        readonly number: number;
        readonly x: number;
        readonly y: number;
        readonly accessible: boolean;
      }[];
    }[];
  }[];
}

export interface Row {
  readonly section: number;
  readonly name: string;
  /** Ordinals by seat number. */
  readonly seats: readonly number[];
}

export interface Section {
  readonly id: string;
  readonly name: string;
  /** Price of each seat, in the currency's minor unit. */
  readonly amount: number;
  /** Indexes into `Hall.rows`, from the stage backwards. */
  readonly rows: readonly number[];
  readonly seatCount: number;
  readonly box: Box;
}

/** Centimetres, as in the layout: x to the right of the stage's middle line, y away from the stage. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Hall {
  readonly count: number;
  readonly sections: readonly Section[];
  readonly rows: readonly Row[];
  readonly ids: readonly string[];
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly number: Uint16Array;
  /** Index into `rows`. */
  readonly rowOf: Uint32Array;
  readonly accessible: Uint8Array;
  /** Every seat's middle. */
  readonly box: Box;
  ordinalOf(seatId: string): number | undefined;
  describe(ordinal: number): SeatName;
}

export interface SeatName {
  readonly section: string;
  readonly row: string;
  readonly number: number;
  readonly amount: number;
  readonly accessible: boolean;
}

/** @throws Error when the ordinals are not 0 to count − 1, each once. */
export function toHall({ sections }: Layout): Hall {
  const count = sections.reduce(
    (sum, { rows }) => sum + rows.reduce((n, { seats }) => n + seats.length, 0),
    0,
  );
  const ids = new Array<string>(count);
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  const number = new Uint16Array(count);
  const rowOf = new Uint32Array(count);
  const accessible = new Uint8Array(count);
  const rows: Row[] = [];
  const ordinals = new Map<string, number>();

  const kept: Section[] = sections.map(({ id, name, amount, rows: own }, section) => {
    const first = rows.length;
    for (const row of own) {
      const seats = [...row.seats].sort((a, b) => a.number - b.number);
      for (const seat of seats) {
        const { ordinal } = seat;
        if (!(ordinal >= 0 && ordinal < count)) throw damaged(ordinal);
        ids[ordinal] = seat.id;
        x[ordinal] = seat.x;
        y[ordinal] = seat.y;
        number[ordinal] = seat.number;
        rowOf[ordinal] = rows.length;
        accessible[ordinal] = seat.accessible ? 1 : 0;
        ordinals.set(seat.id, ordinal);
      }
      rows.push({ section, name: row.name, seats: seats.map(({ ordinal }) => ordinal) });
    }
    const members = rows.slice(first).flatMap(({ seats }) => seats);
    return {
      id,
      name,
      amount,
      rows: own.map((_, index) => first + index),
      seatCount: members.length,
      box: boxOf(members, x, y),
    };
  });
  for (let ordinal = 0; ordinal < count; ordinal += 1) if (ids[ordinal] === undefined) throw damaged(ordinal);

  return {
    count,
    sections: kept,
    rows,
    ids,
    x,
    y,
    number,
    rowOf,
    accessible,
    box: boxOf([...ids.keys()], x, y),
    ordinalOf: (seatId) => ordinals.get(seatId),
    describe(ordinal) {
      const row = rows[rowOf[ordinal] ?? -1];
      const section = row && kept[row.section];
      if (!section) throw new RangeError(`the hall has no seat ${ordinal}`);
      return {
        section: section.name,
        row: row.name,
        number: number[ordinal] as number,
        amount: section.amount,
        accessible: accessible[ordinal] === 1,
      };
    },
  };
}

function boxOf(ordinals: readonly number[], x: Float32Array, y: Float32Array): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ordinal of ordinals) {
    left = Math.min(left, x[ordinal] as number);
    right = Math.max(right, x[ordinal] as number);
    top = Math.min(top, y[ordinal] as number);
    bottom = Math.max(bottom, y[ordinal] as number);
  }
  return { left, top, right, bottom };
}

function damaged(ordinal: number): Error {
  return new Error(`the layout is damaged at seat ${ordinal}`);
}
