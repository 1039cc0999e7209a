/** Without a place: when the line opens, how its order comes about, and the way in. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { formatCountdown, formatDateTime, formatNumber, queueTexts } from "../../presentation/index.ts";
import { useNow } from "../app/clock.ts";
import { useLanguage, useTexts } from "../app/language.ts";
import { session } from "../app/session.ts";
import { useStore } from "../app/store.ts";
import type { Place } from "./model.ts";
import type { QueueStatus } from "./types.ts";

export function BeforeJoining({
  place,
  join,
}: {
  readonly place: Place;
  readonly join: () => Promise<void>;
}) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const status = place.status as QueueStatus;
  if (status.phase === "recovering")
    return (
      <section class="card">
        <h2>{texts.recoveringTitle}</h2>
        <p>{texts.recovering}</p>
      </section>
    );
  if (status.phase === "scheduled")
    return (
      <section class="card">
        <OpensIn at={status.opensAt} />
        <p>{texts.scheduled}</p>
        {status.lobbyOpensAt && <p>{texts.lobbyFrom(formatDateTime(status.lobbyOpensAt, language))}</p>}
      </section>
    );
  const isLobby = status.phase === "lobby" || status.phase === "drawing";
  const facts = [
    status.waiting > 0 ? texts.nowWaiting(formatNumber(status.waiting, language)) : "",
    status.seatsLeft === null ? "" : texts.seatsLeft(formatNumber(status.seatsLeft, language)),
  ].filter(Boolean);
  return (
    <section class="card">
      <h2>{isLobby ? texts.joinLobbyTitle : texts.joinTitle}</h2>
      {isLobby && <OpensIn at={status.opensAt} />}
      {facts.length > 0 && <p>{facts.join(" · ")}</p>}
      {status.phase === "paused" && <p>{texts.paused}</p>}
      {isLobby && <Draw queueId={status.id} />}
      <JoinButton join={join} queueId={status.id}>
        {isLobby ? texts.joinLobby : texts.join}
      </JoinButton>
      <p class="muted">{texts.onePlace}</p>
    </section>
  );
}

/** How the order comes about, and where to check it. */
export function Draw({ queueId }: { readonly queueId: string }) {
  const texts = useTexts(queueTexts);
  return (
    <>
      <p>
        {texts.lobbyDraw} {texts.lobbyAfter}
      </p>
      <p>
        <a href={`/queues/${queueId}/draw`}>{texts.checkDraw}</a>
      </p>
    </>
  );
}

export function OpensIn({ at }: { readonly at: string }) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const left = (Date.parse(at) - useNow()) / 1_000;
  return (
    <div>
      <p class="label">{texts.opensIn}</p>
      <p class="figure large">{formatCountdown(left, language)}</p>
      <p class="muted">{texts.opensAt(formatDateTime(at, language))}</p>
    </div>
  );
}

/** Tells by itself when it takes longer because many come at once. */
export function JoinButton({
  join,
  queueId,
  children,
}: {
  readonly join: () => Promise<void>;
  readonly queueId: string;
  readonly children: ComponentChildren;
}) {
  const texts = useTexts(queueTexts);
  const { status } = useStore(session);
  const [since, setSince] = useState<number | null>(null);
  const now = useNow(since === null ? null : 1_000);
  if (status === "out")
    return (
      <a class="button" href={`/login?next=${encodeURIComponent(`/queues/${queueId}?join`)}`}>
        {texts.logInToJoin}
      </a>
    );
  const isSlow = since !== null && now - since > 3_000;
  const press = async () => {
    if (since !== null) return;
    setSince(now);
    await join();
    setSince(null);
  };
  return (
    <>
      <button type="button" class="button" aria-disabled={since !== null} onClick={() => void press()}>
        {since === null ? children : texts.joining}
      </button>
      <p role="status">{isSlow ? texts.joiningBusy : ""}</p>
    </>
  );
}
