/** All that was published, to be noted down and compared. */
import type { ComponentChildren } from "preact";
import { drawTexts, formatDateTime, formatNumber } from "../../presentation/index.ts";
import { useLanguage, useTexts } from "../app/language.ts";
import type { Draw } from "./types.ts";

export function Published({ draw }: { readonly draw: Draw }) {
  const texts = useTexts(drawTexts);
  const language = useLanguage();
  const since = (at: string | null) => (at === null ? null : texts.since(formatDateTime(at, language)));
  const { entries } = draw.counts;
  return (
    <section class="card">
      <h2>{texts.published}</h2>
      <dl class="published">
        <Value name={texts.commitment} value={draw.commitment} note={since(draw.committedAt)}>
          {texts.commitmentHelp}
        </Value>
        <Value name={texts.list} value={draw.root} note={since(draw.listedAt)}>
          {entries !== null && texts.tickets(formatNumber(entries, language))}
        </Value>
        <Beacon draw={draw} note={since(draw.beacon?.settledAt ?? null)} />
        <Value name={texts.seed} value={draw.seed} note={since(draw.publishedAt)} />
      </dl>
    </section>
  );
}

function Beacon({ draw: { beacon }, note }: { readonly draw: Draw; readonly note: string | null }) {
  const texts = useTexts(drawTexts);
  if (!beacon)
    return (
      <>
        <dt>{texts.beacon}</dt>
        <dd>{texts.noBeacon}</dd>
      </>
    );
  const isMissed = beacon.value === null && beacon.settledAt !== null;
  return (
    <Value name={texts.beacon} value={beacon.value} note={note}>
      {beacon.source === "file" ? texts.beaconFile : texts.beaconSource(beacon.source)}
      {isMissed && ` · ${texts.beaconMissed}`}
    </Value>
  );
}

function Value({
  name,
  value,
  note,
  children,
}: {
  readonly name: string;
  readonly value: string | null;
  readonly note: string | null;
  readonly children?: ComponentChildren;
}) {
  const texts = useTexts(drawTexts);
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {value === null ? texts.notYet : <code>{value}</code>}
        {note && <p class="muted">{note}</p>}
        {children && <p class="muted">{children}</p>}
      </dd>
    </>
  );
}
