/** What a fan can set or do while waiting: be told of the turn, and leave. */
import { useState } from "preact/hooks";
import { queueTexts } from "../../presentation/index.ts";
import { ApiError } from "../app/api.ts";
import { failureText } from "../app/failure.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useStore } from "../app/store.ts";
import { canNotify, wishes, wishNotification, wishSound } from "./alerts.ts";
import type { Line } from "./line.ts";

export function TellMe() {
  const texts = useTexts(queueTexts);
  const { sound, notification } = useStore(wishes);
  return (
    <fieldset class="choices">
      <legend>{texts.tellMe}</legend>
      <label>
        <input type="checkbox" checked={sound} onChange={(event) => wishSound(event.currentTarget.checked)} />
        {texts.sound}
      </label>
      {canNotify() ? (
        <label>
          <input
            type="checkbox"
            checked={notification}
            onChange={(event) => void wishNotification(event.currentTarget.checked)}
          />
          {texts.notification}
        </label>
      ) : (
        <p class="muted">{texts.notificationDenied}</p>
      )}
    </fieldset>
  );
}

/** The button that was pressed is gone; the harmless one takes its place. */
const takeFocus = (button: HTMLButtonElement | null) => button?.focus();

/** Asks once before it does what can't be undone. */
export function Leave({
  line,
  label,
  sure,
}: {
  readonly line: Line;
  readonly label: string;
  readonly sure: string;
}) {
  const texts = useTexts(queueTexts);
  const language = useLanguage();
  const [asking, setAsking] = useState(false);
  const [failure, setFailure] = useState("");

  async function leave(): Promise<void> {
    try {
      await line.leave();
    } catch (error) {
      const isPaying = error instanceof ApiError && error.code === "PAYMENT_IN_PROGRESS";
      setFailure(isPaying ? texts.paymentRunning : failureText(error, language));
    }
  }

  if (!asking)
    return (
      <button type="button" class="button quiet" onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  return (
    <fieldset class="notice" aria-label={label}>
      <p>{sure}</p>
      {failure && (
        <p class="error" role="alert">
          {failure}
        </p>
      )}
      <p class="row">
        <button type="button" class="button" ref={takeFocus} onClick={() => setAsking(false)}>
          {texts.leaveNo}
        </button>
        <button type="button" class="button quiet" onClick={() => void leave()}>
          {texts.leaveYes}
        </button>
      </p>
    </fieldset>
  );
}
