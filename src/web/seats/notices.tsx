/** What went wrong, where the eyes are: a seat that is gone with the nearest in its place, and what was refused. */
import { seatTexts } from "../../presentation/index.ts";
import { failureText } from "../app/failure.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import type { Loss, Room, RoomState } from "./room.ts";
import type { Words } from "./words.ts";

export interface NoticesProps {
  readonly room: Room;
  readonly words: Words;
  /** Seats that one fan may have. */
  readonly limit: number;
  show(ordinals: readonly number[]): void;
}

export function Notices({ room, words, limit, show }: NoticesProps) {
  const { loss, refusal } = room.store.get();
  return (
    <div class="notices" role="alert">
      {loss && <LossNotice loss={loss} room={room} words={words} show={show} />}
      {refusal && <Refusal refusal={refusal} limit={limit} dismiss={room.dismiss} />}
    </div>
  );
}

function LossNotice({
  loss,
  room,
  words,
  show,
}: {
  readonly loss: Loss;
  readonly room: Room;
  readonly words: Words;
  show(ordinals: readonly number[]): void;
}) {
  const texts = useTexts(seatTexts);
  const { offer } = loss;
  return (
    <div class="notice problem loss">
      <p>
        <strong>{texts.lostOne(loss.seats.map(words.name).join(" / "))}</strong>
      </p>
      {offer ? (
        <>
          <p>{texts.offer}</p>
          <ul>
            {offer.map((ordinal) => (
              <li key={ordinal}>
                {words.name(ordinal)} · {words.price(ordinal)}
              </li>
            ))}
          </ul>
          <p class="actions">
            <button
              type="button"
              class="button"
              onClick={() => {
                room.takeOffer();
                show(offer);
              }}
            >
              {texts.takeOffer}
            </button>
            <button type="button" class="button quiet" onClick={room.dismiss}>
              {texts.dismiss}
            </button>
          </p>
        </>
      ) : (
        <>
          <p>{texts.noOffer}</p>
          <button type="button" class="button quiet" onClick={room.dismiss}>
            {texts.dismiss}
          </button>
        </>
      )}
    </div>
  );
}

function Refusal({
  refusal,
  limit,
  dismiss,
}: {
  readonly refusal: NonNullable<RoomState["refusal"]>;
  readonly limit: number;
  dismiss(): void;
}) {
  const texts = useTexts(seatTexts);
  const language = useLanguage();
  const sentence =
    typeof refusal === "object"
      ? failureText(refusal.fault, language)
      : {
          taken: texts.taken,
          limit: texts.tooMany(String(limit)),
          contended: texts.contended,
          group: texts.noGroup,
        }[refusal];
  return (
    <div class="notice problem">
      <p>{sentence}</p>
      <button type="button" class="button quiet" onClick={dismiss}>
        {texts.dismiss}
      </button>
    </div>
  );
}
