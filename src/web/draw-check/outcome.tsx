/** What a check came to: said in words, marked by a sign, and coloured last. */
import type { ComponentChildren } from "preact";
import { drawTexts } from "../../presentation/index.ts";
import { useTexts } from "../app/language.ts";

export function Outcome({
  isRight,
  children,
}: {
  readonly isRight: boolean;
  readonly children: ComponentChildren;
}) {
  const texts = useTexts(drawTexts);
  return (
    <li class={isRight ? "outcome" : "outcome wrong"}>
      <span class="sign" aria-hidden="true">
        {isRight ? "✓" : "✗"}
      </span>
      <span>
        <b>{isRight ? texts.right : texts.wrong}.</b> {children}
      </span>
    </li>
  );
}

/** WebCrypto is only there on pages that came over HTTPS, or from this very machine. */
export const canCompute = (): boolean => globalThis.crypto?.subtle !== undefined;
