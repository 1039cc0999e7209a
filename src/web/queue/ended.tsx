/** It is over: why, and what can be done now. */
import { formatTime, queueTexts } from "../../presentation/index.ts";
import { useLanguage, useTexts } from "../app/language.ts";
import { JoinButton } from "./before.tsx";
import type { EndReason, Place } from "./model.ts";
import type { QueueStatus } from "./types.ts";

export function Ended({ place, join }: { readonly place: Place; readonly join: () => Promise<void> }) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const ended = place.ended as EndReason;
  const at = place.expiry?.at ? formatTime(place.expiry.at, language) : null;
  const expiredBy = {
    unclaimed: at ? texts.expiredUnclaimed(at) : texts.expiredUnknown,
    session: at ? texts.expiredSession(at) : texts.expiredUnknown,
    away: texts.expiredAway,
    unknown: texts.expiredUnknown,
  };
  const words: Record<EndReason, readonly [string, string]> = {
    sold_out: [texts.soldOutTitle, texts.soldOut],
    closed: [texts.closedTitle, texts.closed],
    removed: [texts.removedTitle, texts.removed],
    left: [texts.leftTitle, texts.left],
    done: [texts.doneTitle, texts.done],
    expired: [texts.expiredTitle, expiredBy[place.expiry?.cause ?? "unknown"]],
  };
  const [title, sentence] = words[ended];
  const mayRejoin = ended === "expired" || ended === "left";
  return (
    <section class="card" role="status" data-state={ended}>
      <h2>{title}</h2>
      <p>{sentence}</p>
      {mayRejoin ? (
        <JoinButton join={join} queueId={(place.status as QueueStatus).id}>
          {texts.rejoin}
        </JoinButton>
      ) : ended === "done" ? (
        <p>
          <a class="button" href="/tickets">
            {texts.toTickets}
          </a>
        </p>
      ) : (
        <p>
          <a class="button quiet" href="/">
            {texts.otherEvents}
          </a>
        </p>
      )}
    </section>
  );
}
