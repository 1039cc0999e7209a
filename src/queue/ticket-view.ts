/** What a fan is told of a place: built from the gateway's memory, so that telling costs Redis nothing. */
import type { Credentials, TicketClaims } from "./credentials.ts";
import { laneName } from "./lanes.ts";
import { hasNoPlaces, type LocalFan, type LocalLine } from "./local-line.ts";
import { estimateWait } from "./pace-meter.ts";
import {
  isoOfMicros,
  isoOrNull,
  pollAfterSeconds,
  publicState,
  reconnectSpreadSeconds,
  type TicketView,
} from "./view.ts";

/** The place as numbers, null where it has none (in the lobby, during a draw or a recovery, once admitted). */
export function placeOf(line: LocalLine, fan: LocalFan): { position: number | null; ahead: number | null } {
  if (fan.state === "D" || fan.state === "R") return { position: 1, ahead: 0 };
  const isKnown = fan.state === "W" && fan.rank >= 0 && fan.rankTick <= line.committedTick;
  if (!isKnown || hasNoPlaces(line.phase)) return { position: null, ahead: null };
  return { position: fan.rank + 1, ahead: fan.rank };
}

/** A ticket as its fan has shown it, signed by us. */
export interface ShownTicket {
  readonly token: string;
  readonly claims: Required<TicketClaims>;
}

/** @param shown is handed back as it is when it is this very place's: signing it again would make the same. */
export function ticketView(
  line: LocalLine,
  fan: LocalFan,
  credentials: Credentials,
  shown: ShownTicket | null = null,
): TicketView {
  const { position, ahead } = placeOf(line, fan);
  const { ticketId, sequence, epoch } = fan;
  return {
    ticketId,
    queueId: line.queueId,
    epoch,
    ticket: shown && isOf(shown.claims, fan) ? shown.token : signedTicket(line, fan, credentials),
    lane: laneName(line.controls.lanes, fan.lane),
    state: publicState(fan.state),
    sequence,
    position,
    ahead,
    waiting: line.waiting,
    eta: ahead === null ? null : estimateWait(ahead, line.flowOf(fan.lane)),
    seatsLeft: line.seatsLeft,
    seatsHeld: line.seatsHeld,
    asOf: isoOfMicros(fan.state === "W" ? fan.rankAt : line.tickAt),
    pollAfterSeconds: pollAfterSeconds(ahead ?? 0, line.controls.settings),
    reconnectSpreadSeconds: reconnectSpreadSeconds(line.waiting),
    arriveBy: fan.state === "A" ? isoOrNull(fan.arriveBy) : null,
    // The pass says whole seconds, rounded down, and both must say the same.
    passExpiresAt: fan.state === "I" ? isoOrNull(fan.passEnds - (fan.passEnds % 1_000_000)) : null,
    deferredUntil: fan.state === "D" || fan.state === "R" ? isoOrNull(fan.graceEnds) : null,
  };
}

/** The same claims always give the same ticket, so that a fan who polls has it signed once. */
function signedTicket(line: LocalLine, fan: LocalFan, credentials: Credentials): string {
  const { userId, ticketId, sequence, epoch, lane, signed } = fan;
  if (signed && signed.epoch === epoch && signed.lane === lane) return signed.text;
  const text = credentials.signTicket(line.queueId, { userId, ticketId, sequence, epoch, lane });
  fan.signed = { epoch, lane, text };
  return text;
}

function isOf(claims: Required<TicketClaims>, fan: LocalFan): boolean {
  return (
    claims.userId === fan.userId &&
    claims.ticketId === fan.ticketId &&
    claims.sequence === fan.sequence &&
    claims.epoch === fan.epoch &&
    claims.lane === fan.lane
  );
}

/** Milliseconds until a fan this deep in line hears a position again: the front at every beat, the rest less often. */
export function cadenceMs(ahead: number): number {
  if (ahead < 100) return 1_000;
  if (ahead < 1_000) return 2_000;
  if (ahead < 10_000) return 5_000;
  return Math.min(30_000, 10_000 + (ahead - 10_000) / 4);
}

/** Written by hand, since this is what a gateway says most: in a third of the time that JSON.stringify takes. */
export function positionFrame(line: LocalLine, fan: LocalFan): string {
  const { position, ahead } = placeOf(line, fan);
  const eta = ahead === null ? null : estimateWait(ahead, line.flowOf(fan.lane));
  const wait = eta && `{"p50Seconds":${eta.p50Seconds},"p90Seconds":${eta.p90Seconds}}`;
  return `{"type":"position","epoch":${fan.epoch},"position":${position},"ahead":${ahead},"waiting":${line.waiting},"eta":${wait},"seatsLeft":${line.seatsLeft},"asOf":"${isoOfMicros(fan.rankAt)}","nextUpdateSeconds":${Math.ceil(cadenceMs(ahead ?? 0) / 1_000)}}`;
}
