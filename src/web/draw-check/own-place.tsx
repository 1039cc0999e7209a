/** The reader's own ticket: is it on the list, and is the seed the one that was promised? */
import { useEffect, useState } from "preact/hooks";
import { drawTexts, formatNumber } from "../../presentation/index.ts";
import { ApiError, callApi } from "../app/api.ts";
import { Failure } from "../app/failure.tsx";
import { Loading } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLoaded } from "../app/use-loaded.ts";
import { canCompute, Outcome } from "./outcome.tsx";
import type { Draw, Proof } from "./types.ts";
import { verifyProof, verifySeed } from "./verify.ts";

interface Props {
  readonly draw: Draw;
  /** Hears of the reader's ticket. */
  readonly onTicket: (ticketId: string | null) => void;
}

export function OwnPlace({ draw, onTicket }: Props) {
  const texts = useTexts(drawTexts);
  const { queueId } = draw;
  const {
    value: proof,
    error,
    again,
  } = useLoaded(() => callApi<Proof>("GET", `/queues/${queueId}/tickets/me/proof`), [queueId]);
  const ticketId = proof?.ticketId ?? null;
  useEffect(() => onTicket(ticketId), [ticketId, onTicket]);
  return (
    <section class="card">
      <h2>{texts.mine}</h2>
      {error ? (
        <WithoutProof error={error} again={again} queueId={queueId} />
      ) : proof ? (
        <Proven draw={draw} proof={proof} />
      ) : (
        <Loading />
      )}
    </section>
  );
}

function WithoutProof({
  error,
  again,
  queueId,
}: {
  readonly error: unknown;
  readonly again: () => void;
  readonly queueId: string;
}) {
  const texts = useTexts(drawTexts);
  const code = error instanceof ApiError ? error.code : "";
  if (code === "UNAUTHENTICATED")
    return (
      <p>
        <a class="button quiet" href={`/login?next=${encodeURIComponent(`/queues/${queueId}/draw`)}`}>
          {texts.logIn}
        </a>
      </p>
    );
  const words = { NO_TICKET: texts.noTicket, NOT_DRAWN: texts.notDrawn, NOT_IN_DRAW: texts.notInDraw }[code];
  return words ? <p>{words}</p> : <Failure error={error} again={again} />;
}

function Proven({ draw, proof }: { readonly draw: Draw; readonly proof: Proof }) {
  const texts = useTexts(drawTexts);
  const language = useLanguage();
  const [checked, setChecked] = useState<{ readonly seed: boolean; readonly list: boolean } | null>(null);
  useEffect(() => {
    let current = true;
    const check = async () => {
      const seed = draw.seed === null || (await verifySeed(draw)).length === 0;
      const list = (await verifyProof(draw, proof)).length === 0;
      if (current) setChecked({ seed, list });
    };
    if (canCompute()) void check();
    return () => {
      current = false;
    };
  }, [draw, proof]);
  return (
    <>
      {proof.place === null ? (
        <p>{texts.beingDrawn}</p>
      ) : (
        <p class="figure large">
          {texts.place(formatNumber(proof.place, language), formatNumber(proof.entries, language))}
        </p>
      )}
      <p class="muted">
        {texts.ticket}: <code>{proof.ticketId}</code>
      </p>
      {!canCompute() && <p>{texts.insecure}</p>}
      {checked && (
        <ul class="outcomes" aria-live="polite">
          {draw.seed !== null && (
            <Outcome isRight={checked.seed}>{checked.seed ? texts.seedRight : texts.seedWrong}</Outcome>
          )}
          <Outcome isRight={checked.list}>{checked.list ? texts.listRight : texts.listWrong}</Outcome>
        </ul>
      )}
    </>
  );
}
