/** The live feed of one performance's seats; who holds a pass of it may follow. */
import { CloseCode, type OpenOutcome, type StreamRoute } from "../platform/sockets/index.ts";
import type { Copies } from "./copies.ts";

export type VerifyPass = (token: string, performanceId: string) => { readonly ok: boolean };

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const PATH = new RegExp(`^/ws/v1/performances/(?<performanceId>${UUID})/seats$`, "i");
const AUDIENCE = new RegExp(`^performance:(?<performanceId>${UUID})$`);

const BAD_TOKEN: OpenOutcome = { ok: false, code: CloseCode.badToken, reason: "a pass is needed" };
const WRONG_PERFORMANCE: OpenOutcome = {
  ok: false,
  code: CloseCode.wrongQueue,
  reason: "the pass is of another performance",
};

export function seatStreams(copies: Copies, verifyPass: VerifyPass): StreamRoute[] {
  return [
    {
      name: "seats",
      path: PATH,
      async open({ params, token }) {
        const performanceId = (params.performanceId ?? "").toLowerCase();
        if (!token) return BAD_TOKEN;
        if (!verifyPass(token, performanceId).ok) {
          return isPassOfAnother(token, verifyPass) ? WRONG_PERFORMANCE : BAD_TOKEN;
        }
        // Loaded before the stream starts, so that its first frame is the snapshot and comes at once.
        await copies.settled(performanceId);
        return { ok: true, start: (stream) => copies.attach(performanceId, stream) };
      },
    },
  ];
}

/** Good for the performance that it names itself. The name is only a question; the signature answers it. */
function isPassOfAnother(token: string, verifyPass: VerifyPass): boolean {
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
