/** Nobody is admitted while the queue does not admit, and nobody loses a turn before its time is over. */
import type { History, Report, Step } from "./history.ts";

export function createClockCheck(history: History, report: Report) {
  function admitted({ row, ticket }: Step): void {
    const refuse = (detail: string) => report("phase", row, ticket.ticketId, `admitted ${detail}`);
    const { controls, counts } = history;
    if (!controls) {
      report("settings", row, ticket.ticketId, "admitted before the journal says what was set");
      return;
    }
    const { opensAt, closesAt } = controls.settings;
    if (controls.paused) refuse("while paused");
    if (controls.closed || (closesAt !== null && row.atMicros >= Date.parse(closesAt) * 1_000))
      refuse("after the queue was closed");
    if (row.atMicros < Date.parse(opensAt) * 1_000) refuse("before the opening");
    if (counts.L > 0) refuse(`while ${counts.L} wait for the draw`);
  }

  function expired({ row, ticket, data }: Step): void {
    const running = history.runningAt(row.atMicros);
    const early = (left: number, what: string) => {
      if (left > 0) report("clock", row, ticket.ticketId, `${what} ended ${left / 1_000_000} s early`);
    };
    if (data.reason === "no_show" || data.undelivered === true)
      early(ticket.admittedAt + ticket.arrivalMicros - running, "the time to arrive");
    if (data.reason === "session") early(ticket.sessionEnds - row.atMicros, "the session");
    if (data.reason === "grace")
      early(ticket.graceMicros - ticket.awayMicros - (running - ticket.awaySince), "the grace");
  }

  return (step: Step): void => {
    if (step.row.kind === "admit") admitted(step);
    else if (step.row.kind === "expire" || step.row.kind === "defer") expired(step);
  };
}
