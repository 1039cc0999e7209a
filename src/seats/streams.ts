/** The live feed of one performance's seats; who holds a pass of it may follow. */
import { CloseCode, type OpenOutcome, type StreamRoute } from "../platform/sockets/index.ts";
import type { Copies } from "./copies.ts";

export interface PassPort {
  /** Signature, audience and time. */
  verifyPass(token: string, performanceId: string): { readonly ok: boolean };
  /** Whether the admission of a verified pass has not ended before its time: by a purchase, a leave, a removal. */
  isLive(token: string, performanceId: string): Promise<boolean>;
}

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const PATH = new RegExp(`^/ws/v1/performances/(?<performanceId>${UUID})/seats$`, "i");
const AUDIENCE = new RegExp(`^performance:(?<performanceId>${UUID})$`);

const BAD_TOKEN: OpenOutcome = { ok: false, code: CloseCode.badToken, reason: "a pass is needed" };
const WRONG_PERFORMANCE: OpenOutcome = {
  ok: false,
  code: CloseCode.wrongQueue,
  reason: "the pass is of another performance",
};

export function seatStreams(copies: Copies, passes: PassPort): StreamRoute[] {
  return [
    {
      name: "seats",
      path: PATH,
      async open({ params, token }) {
        const performanceId = (params.performanceId ?? "").toLowerCase();
        if (!token) return BAD_TOKEN;
        if (!passes.verifyPass(token, performanceId).ok) {
          return isPassOfAnother(token, passes) ? WRONG_PERFORMANCE : BAD_TOKEN;
        }
        // Who cannot be asked about now is let in: what the stream says anybody may read.
        if (!(await passes.isLive(token, performanceId).catch(() => true))) return BAD_TOKEN;
        // Loaded before the stream starts, so that its first frame is the snapshot and comes at once.
        await copies.settled(performanceId);
        return { ok: true, start: (stream) => copies.attach(performanceId, stream) };
      },
    },
  ];
}

/** Good for the performance that it names itself. The name is only a question; the signature answers it. */
function isPassOfAnother(token: string, { verifyPass }: PassPort): boolean {
  const claimed = AUDIENCE.exec(audienceOf(token))?.groups?.performanceId;
  return claimed !== undefined && verifyPass(token, claimed).ok;
}

function audienceOf(token: string): string {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const audience = (payload as { aud?: unknown } | null)?.aud;
    return typeof audience === "string" ? audience : "";
  } catch {
    return "";
  }
}
