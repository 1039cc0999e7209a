/** The draw: one, of those in the lobby when it closed and of nobody else, each at a place of its own, before anybody is admitted. */
import type { History, Report, Row, Step } from "./history.ts";

export function createDrawCheck(history: History, report: Report) {
  let size: number | null = null;
  let isOver = false;
  const taken = new Set<number>();

  const wrong = (row: Row, detail: string) => report("draw", row, row.ticketId, detail);

  function placed(row: Row): void {
    const place = row.sequence ?? 0;
    if (size === null || isOver) wrong(row, "drawn outside of a draw");
    else if (place < 1 || place > size) wrong(row, `drawn to place ${place} of ${size}`);
    if (taken.has(place)) wrong(row, `place ${place} was drawn twice`);
    taken.add(place);
  }

  return {
    /** Every row, before it is applied. */
    row(row: Row): void {
      if (row.kind === "freeze") {
        if (size !== null) wrong(row, "the lobby was closed a second time");
        size = Number((JSON.parse(row.data) as { lobby: number }).lobby);
        if (size !== history.counts.L) wrong(row, `closed with ${size}, ${history.counts.L} were in it`);
      }
      if (row.kind === "drawn") {
        if (size === null || isOver) wrong(row, "a draw ended that was none");
        if (history.counts.L > 0) wrong(row, `${history.counts.L} in the lobby were not drawn`);
        isOver = true;
      }
    },

    step({ row, ticket }: Step): void {
      if (row.kind === "draw") placed(row);
      if (row.kind === "join" && ticket.state === "L" && size !== null)
        wrong(row, "came into the closed lobby");
      if (row.kind === "admit" && size !== null && !isOver) wrong(row, "admitted before the draw was over");
    },
  };
}
