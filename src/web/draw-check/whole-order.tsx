/** On request: all tickets are loaded, the lots made again, and every place compared. */
import { useState } from "preact/hooks";
import { drawTexts, formatNumber } from "../../presentation/index.ts";
import { callPublic } from "../app/api.ts";
import { Failure } from "../app/failure.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { canCompute, Outcome } from "./outcome.tsx";
import type { Draw } from "./types.ts";
import { readEntries, type Verdict, verifyDraw } from "./verify.ts";

/** 100,000 tickets are some six megabytes. */
const LOAD_TIMEOUT_MS = 120_000;

type Check =
  | { readonly step: "none" }
  | { readonly step: "running"; readonly done: number }
  | { readonly step: "failed"; readonly error: unknown }
  | { readonly step: "over"; readonly verdict: Verdict; readonly order: readonly string[] };

export function WholeOrder({ draw, myTicket }: { readonly draw: Draw; readonly myTicket: string | null }) {
  const texts = useTexts(drawTexts);
  const [check, setCheck] = useState<Check>({ step: "none" });

  async function run(): Promise<void> {
    setCheck({ step: "running", done: 0 });
    try {
      const text = await callPublic<string>("GET", `/queues/${draw.queueId}/draw/entries`, {
        text: true,
        timeoutMs: LOAD_TIMEOUT_MS,
      });
      const { order, findings } = readEntries(text);
      const verdict =
        findings.length > 0
          ? { entries: order.length, findings, warnings: [] }
          : await verifyDraw(draw, order, { onProgress: (done) => setCheck({ step: "running", done }) });
      setCheck({ step: "over", verdict, order });
    } catch (error) {
      setCheck({ step: "failed", error });
    }
  }

  return (
    <section class="card">
      <h2>{texts.whole}</h2>
      <p>{texts.wholeHelp}</p>
      {!canCompute() && <p>{texts.insecure}</p>}
      {check.step === "failed" && <Failure error={check.error} />}
      {check.step === "running" ? (
        <p role="status">
          <label for="draw-progress">{texts.checking}</label>
          <progress id="draw-progress" max={1} value={check.done} />
        </p>
      ) : (
        check.step !== "over" &&
        canCompute() && (
          <button type="button" class="button" onClick={() => void run()}>
            {texts.check}
          </button>
        )
      )}
      <div aria-live="polite">{check.step === "over" && <Result {...check} myTicket={myTicket} />}</div>
    </section>
  );
}

function Result({
  verdict,
  order,
  myTicket,
}: {
  readonly verdict: Verdict;
  readonly order: readonly string[];
  readonly myTicket: string | null;
}) {
  const texts = useTexts(drawTexts);
  const language = useLanguage();
  const place = myTicket === null ? 0 : order.indexOf(myTicket) + 1;
  if (verdict.findings.length > 0)
    return (
      <ul class="outcomes">
        {verdict.findings.map(({ part, detail }) => (
          <Outcome key={part} isRight={false}>
            {texts.finding(part, detail)}
          </Outcome>
        ))}
      </ul>
    );
  return (
    <ul class="outcomes">
      <Outcome isRight>{texts.orderRight(formatNumber(order.length, language))}</Outcome>
      {myTicket !== null && (
        <Outcome isRight={place > 0}>
          {place > 0 ? texts.placeRight(formatNumber(place, language)) : texts.placeWrong}
        </Outcome>
      )}
      {verdict.warnings.length > 0 && <li>{texts.beaconMissed}</li>}
    </ul>
  );
}
