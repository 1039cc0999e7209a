/** The best seats at one press, and what is picked with its price. */
import { useState } from "preact/hooks";
import { formatDuration, seatTexts } from "../../presentation/index.ts";
import type { Performance } from "../app/events.ts";
import { useLanguage, useTexts } from "../app/language.ts";
import type { Hall } from "../seat-map/hall.ts";
import type { Room } from "./room.ts";
import type { Words } from "./words.ts";

export interface PanelProps {
  readonly facts: Performance;
  readonly hall: Hall;
  readonly room: Room;
  readonly words: Words;
}

export function Panel({ facts, hall, room, words }: PanelProps) {
  return (
    <>
      <Yours facts={facts} hall={hall} room={room} words={words} />
      <Best hall={hall} room={room} words={words} />
    </>
  );
}

function Yours({ facts, hall, room, words }: PanelProps) {
  const texts = useTexts(seatTexts);
  const language = useLanguage();
  const { choice, holding } = room.store.get();
  const { seats, limit } = choice;
  const total = seats.reduce((sum, ordinal) => sum + hall.describe(ordinal).amount, 0);
  const count = String(seats.length);
  const more = limit - seats.length;
  return (
    <section class="card yours" aria-labelledby="yours">
      <h2 id="yours">{texts.yours}</h2>
      {seats.length === 0 ? (
        <p class="muted">{texts.none}</p>
      ) : (
        <ul class="picked">
          {seats.map((ordinal) => (
            <li key={ordinal}>
              <span>{words.name(ordinal)}</span>
              <span class="price">{words.price(ordinal)}</span>
              <button
                type="button"
                class="link"
                aria-label={texts.remove(words.name(ordinal))}
                onClick={() => room.toggle(ordinal)}
              >
                {texts.removeShort}
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="muted small">{more > 0 ? texts.limit(String(more)) : texts.limitFull}</p>
      {seats.length > 0 && (
        <p class="sum">
          <span>{texts.total}</span> <strong>{words.money(total)}</strong>
        </p>
      )}
      <div class={seats.length > 0 ? "commit ready" : "commit"}>
        <button
          type="button"
          class="button"
          aria-disabled={seats.length === 0 || holding}
          onClick={() => void room.hold()}
        >
          {holding
            ? texts.holding
            : seats.length === 0
              ? texts.holdNone
              : texts.hold(count, words.money(total))}
        </button>
      </div>
      <p class="muted small">{texts.holdFor(formatDuration(facts.holdSeconds, language))}</p>
    </section>
  );
}

function Best({ hall, room, words }: Omit<PanelProps, "facts">) {
  const texts = useTexts(seatTexts);
  const { choice, holding } = room.store.get();
  const most = Math.max(1, choice.limit);
  const [quantity, setQuantity] = useState(Math.min(2, most));
  const [sectionId, setSectionId] = useState("");
  const [accessible, setAccessible] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    if (choice.limit > 0)
      void room.holdBest({ quantity, ...(sectionId && { sectionId }), ...(accessible && { accessible }) });
  };
  return (
    <form class="card best" aria-labelledby="best" onSubmit={submit}>
      <h2 id="best">{texts.best}</h2>
      <p class="field">
        <label for="quantity">{texts.quantity}</label>
        <select
          id="quantity"
          value={quantity}
          onChange={({ currentTarget }) => setQuantity(Number(currentTarget.value))}
        >
          {Array.from({ length: most }, (_, index) => (
            <option key={index} value={index + 1}>
              {index + 1}
            </option>
          ))}
        </select>
      </p>
      <p class="field">
        <label for="section">{texts.section}</label>
        <select
          id="section"
          value={sectionId}
          onChange={({ currentTarget }) => setSectionId(currentTarget.value)}
        >
          <option value="">{texts.anySection}</option>
          {hall.sections.map(({ id, name, amount }) => (
            <option key={id} value={id}>
              {name} · {words.money(amount)}
            </option>
          ))}
        </select>
      </p>
      <p class="check">
        <label>
          <input
            type="checkbox"
            checked={accessible}
            onChange={({ currentTarget }) => setAccessible(currentTarget.checked)}
          />
          {texts.onlyAccessible}
        </label>
      </p>
      <button type="submit" class="button quiet" aria-disabled={holding || choice.limit === 0}>
        {texts.takeBest(String(quantity))}
      </button>
    </form>
  );
}
