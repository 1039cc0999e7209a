/** Q2: nobody is admitted before a fan of the same lane with a lower sequence who was there when the turn came. */
import { LANES } from "../keys.ts";
import { createHeap } from "./heap.ts";
import type { History, Report, Step, Ticket } from "./history.ts";

export function createOrderCheck(history: History, report: Report) {
  const lanes = Array.from({ length: LANES }, () => createHeap<Ticket>(({ sequence }) => sequence));
  const returned = createHeap<Ticket>(({ sequence }) => sequence);

  /** Those who left are still in the heap; they are dropped as they come to its top. */
  function first(heap: typeof returned, state: string): Ticket | undefined {
    while (heap.size > 0 && heap.peek()?.state !== state) heap.pop();
    return heap.peek();
  }

  function admitted({ row, ticket, from, isDirect }: Step): void {
    const overtaken = (other: Ticket, how: string) =>
      report("Q2", row, ticket.ticketId, `admitted before ${other.ticketId}, who ${how}`);
    const back = first(returned, "R");
    const waiting = first(lanes[ticket.lane] as typeof returned, "W");
    if (from === "R") {
      if (back && back.sequence < ticket.sequence) overtaken(back, "was back and has the lower sequence");
      if (waiting?.isBack && waiting.sequence < ticket.sequence)
        overtaken(waiting, "came back with its ticket and has the lower sequence");
      return;
    }
    // Only one whose join was lost can come with a lower sequence than somebody of the lane who was passed over.
    const isBefore = ticket.isBack && ticket.lane === back?.lane && ticket.sequence < back.sequence;
    if (back && !isBefore) overtaken(back, "was passed over and is back");
    if (waiting && waiting.sequence < ticket.sequence)
      overtaken(waiting, "waits in the same lane with the lower sequence");
    const { W, D, R } = history.counts;
    if (isDirect && W + D + R > 0)
      report("Q2", row, ticket.ticketId, `admitted on joining while ${W + D + R} wait`);
  }

  return (step: Step): void => {
    const { row, ticket } = step;
    if (row.kind === "admit") admitted(step);
    else if (ticket.state === "W") lanes[ticket.lane]?.push(ticket);
    else if (ticket.state === "R") returned.push(ticket);
  };
}
