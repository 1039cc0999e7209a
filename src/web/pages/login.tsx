/** `/login` */
import type { TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { accountTexts, frameTexts } from "../../presentation/index.ts";
import { ApiError, logIn } from "../app/api.ts";
import { failureText } from "../app/failure.tsx";
import { Title } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLook } from "../app/look.ts";
import { navigate, type PageProps } from "../app/router.ts";
import { Field, FormError, nextOf, valuesOf } from "./account-form.tsx";

export default function LoginPage({ query }: PageProps) {
  const texts = useTexts(accountTexts);
  const language = useLanguage();
  useLook(null);
  const [error, setError] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const next = nextOf(query);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    if (busy) return;
    const { email = "", password = "", otp } = valuesOf(event.currentTarget);
    setBusy(true);
    try {
      await logIn({ email, password, ...(otp ? { otp: otp.replaceAll(/[\s-]/g, "") } : {}) });
      navigate(next, { replace: true });
    } catch (fault) {
      setBusy(false);
      const code = fault instanceof ApiError ? fault.code : "";
      if (code === "SECOND_FACTOR_REQUIRED") {
        setError(needsCode ? texts.badCode : "");
        setNeedsCode(true);
      } else if (code === "BAD_CREDENTIALS" || code === "VALIDATION_FAILED") {
        setError(needsCode ? `${texts.badCredentials} ${texts.badCode}` : texts.badCredentials);
      } else setError(failureText(fault, language));
    }
  }

  return (
    <section class="card narrow">
      <Title document={`${texts.logInTitle} · ${useTexts(frameTexts).product}`}>{texts.logInTitle}</Title>
      <p class="muted">{texts.keepsPlace}</p>
      <form onSubmit={(event) => void submit(event)}>
        {error && <FormError>{error}</FormError>}
        <Field
          label={texts.email}
          input={{ name: "email", type: "email", autocomplete: "username", required: true, maxLength: 254 }}
        />
        <Field
          label={texts.password}
          input={{
            name: "password",
            type: "password",
            autocomplete: "current-password",
            required: true,
            maxLength: 128,
          }}
        />
        {needsCode && (
          <Field
            label={texts.code}
            hint={texts.codeHint}
            input={{
              name: "otp",
              autocomplete: "one-time-code",
              required: true,
              maxLength: 20,
              autofocus: true,
            }}
          />
        )}
        <button type="submit" class="button" aria-disabled={busy}>
          {texts.logIn}
        </button>
      </form>
      <p>
        {texts.noAccount} <a href={`/signup?next=${encodeURIComponent(next)}`}>{texts.signUpTitle}</a>
      </p>
    </section>
  );
}
