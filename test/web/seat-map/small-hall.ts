/** Halls as the catalog draws them, in the form in which the API serves their layout. */
import { drawHall, type SectionPlan } from "../../../src/catalog/hall.ts";
import { type Hall, type Layout, toHall } from "../../../src/web/seat-map/hall.ts";

export function layoutFor(sections: readonly SectionPlan[]): Layout {
  const seats = drawHall(sections);
  const layout: { version: number; sections: Layout["sections"][number][] } = { version: 1, sections: [] };
  let ordinal = 0;
  for (const [index, plan] of sections.entries()) {
    const rows = Array.from({ length: plan.rows }, () => {
      const name = seats.rowName[ordinal] as string;
      const members = Array.from({ length: plan.seatsPerRow }, () => {
        const seat = {
          id: `seat-${ordinal}`,
          ordinal,
          number: seats.number[ordinal] as number,
          x: seats.x[ordinal] as number,
          y: seats.y[ordinal] as number,
          accessible: seats.accessible[ordinal] === 1,
        };
        ordinal += 1;
        return seat;
      });
      return { name, seats: members };
    });
    layout.sections.push({ id: `section-${index}`, name: plan.name, amount: plan.amount, rows });
  }
  return layout;
}

export const hallOf = (...sections: SectionPlan[]): Hall => toHall(layoutFor(sections));

/** Floor: rows A and B of 10; behind it Left and Right, rows A and B of 6 each. */
export const smallHall = (): Hall =>
  hallOf(
    { name: "Floor", rows: 2, seatsPerRow: 10, amount: 90_000, accessibleSeats: 2 },
    { name: "Left", rows: 2, seatsPerRow: 6, amount: 50_000 },
    { name: "Right", rows: 2, seatsPerRow: 6, amount: 50_000 },
  );
