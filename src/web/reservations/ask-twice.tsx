/** A button for what can't be taken back: the first press asks, the second does it. */
import { useEffect, useId, useRef, useState } from "preact/hooks";

export interface AskTwiceProps {
  readonly label: string;
  readonly question: string;
  readonly yes: string;
  readonly no: string;
  readonly busy?: boolean;
  onYes(): void;
}

export function AskTwice({ label, question, yes, no, busy = false, onYes }: AskTwiceProps) {
  const [asking, setAsking] = useState(false);
  const stay = useRef<HTMLButtonElement>(null);
  const open = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);
  const id = useId();
  useEffect(() => {
    // The harmless answer is the one under the finger.
    if (asking) stay.current?.focus();
    else if (wasAsking.current) open.current?.focus();
    wasAsking.current = asking;
  }, [asking]);
  if (!asking) {
    return (
      <button ref={open} type="button" class="button quiet" onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  }
  return (
    <fieldset class="ask" aria-labelledby={id}>
      <p id={id}>{question}</p>
      <button ref={stay} type="button" class="button quiet" onClick={() => setAsking(false)}>
        {no}
      </button>
      <button type="button" class="button danger" aria-disabled={busy} onClick={() => !busy && onYes()}>
        {yes}
      </button>
    </fieldset>
  );
}
