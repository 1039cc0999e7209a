/** The seats of one performance in memory: columns by ordinal, and the way from a seat's id to its ordinal. */
import type { SeatRow } from "./store.ts";
import type { PerformanceFacts, SeatMap, Section } from "./types.ts";

/**
 * @param batches every seat, in ordinal order.
 * @throws Error when the rows are not the dense seats that the performance was made with.
 */
export async function buildSeatMap(
  { id: performanceId, seatCount, layoutVersion: version }: PerformanceFacts,
  sections: readonly Section[],
  batches: AsyncIterable<readonly SeatRow[]>,
): Promise<SeatMap> {
  const ids = new Array<string>(seatCount);
  const sectionOf = new Uint16Array(seatCount);
  const rowName = new Array<string>(seatCount);
  const number = new Uint16Array(seatCount);
  const x = new Int32Array(seatCount);
  const y = new Int32Array(seatCount);
  const accessible = new Uint8Array(seatCount);
  const ordinals = new Map<string, number>();
  const sectionIndex = new Map(sections.map(({ id }, index) => [id, index]));
  // Thousands of rows share a few names; keeping one string each saves a megabyte a hall.
  const names = new Map<string, string>();

  for await (const rows of batches) {
    for (const row of rows) {
      const { ordinal } = row;
      const section = sectionIndex.get(row.sectionId);
      if (ordinal !== ordinals.size || section === undefined) throw damaged(performanceId);
      ids[ordinal] = row.id;
      sectionOf[ordinal] = section;
      if (!names.has(row.rowName)) names.set(row.rowName, row.rowName);
      rowName[ordinal] = names.get(row.rowName) as string;
      number[ordinal] = row.number;
      x[ordinal] = row.x;
      y[ordinal] = row.y;
      accessible[ordinal] = row.accessible ? 1 : 0;
      ordinals.set(row.id, ordinal);
    }
  }
  if (ordinals.size !== seatCount) throw damaged(performanceId);

  return {
    performanceId,
    version,
    seatCount,
    sections,
    ids,
    sectionOf,
    rowName,
    number,
    x,
    y,
    accessible,
    ordinalOf: (seatId) => ordinals.get(seatId),
    describe(ordinal) {
      const section = sections[sectionOf[ordinal] ?? -1];
      if (!section) throw new RangeError(`performance ${performanceId} has no seat ${ordinal}`);
      return {
        id: ids[ordinal] as string,
        ordinal,
        section: section.name,
        row: rowName[ordinal] as string,
        number: number[ordinal] as number,
        amount: section.amount,
      };
    },
  };
}

function damaged(performanceId: string): Error {
  return new Error(`the seats of performance ${performanceId} are not the ones it was made with`);
}
