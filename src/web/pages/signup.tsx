/** `/signup` */
import type { TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { accountTexts, frameTexts } from "../../presentation/index.ts";
import { ApiError, signUp } from "../app/api.ts";
import { failureText } from "../app/failure.tsx";
import { Title } from "../app/frame.tsx";
import { useLanguage, useTexts } from "../app/language.ts";
import { useLook } from "../app/look.ts";
import { navigate, type PageProps } from "../app/router.ts";
import { Field, FormError, nextOf, valuesOf } from "./account-form.tsx";

type Fields = Partial<Record<"email" | "password" | "name", string>>;

export default function SignupPage({ query }: PageProps) {
  const texts = useTexts(accountTexts);
  const language = useLanguage();
  useLook(null);
  const [error, setError] = useState("");
  const [wrong, setWrong] = useState<Fields>({});
  const [busy, setBusy] = useState(false);
  const next = nextOf(query);
  const sentences: Required<Fields> = {
    email: texts.emailWrong,
    password: texts.passwordWrong,
    name: texts.nameWrong,
  };

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    if (busy) return;
    const { email = "", password = "", name = "" } = valuesOf(event.currentTarget);
    setBusy(true);
    try {
      await signUp({ email, password, name });
      navigate(next, { replace: true });
    } catch (fault) {
      setBusy(false);
      setError("");
      const code = fault instanceof ApiError ? fault.code : "";
      if (code === "EMAIL_TAKEN") setWrong({ email: texts.emailTaken });
      else if (code === "VALIDATION_FAILED") setWrong(wrongFields(fault as ApiError, sentences));
      else setError(failureText(fault, language));
    }
  }

  return (
    <section class="card narrow">
      <Title document={`${texts.signUpTitle} · ${useTexts(frameTexts).product}`}>{texts.signUpTitle}</Title>
      <p class="muted">{texts.keepsPlace}</p>
      <form onSubmit={(event) => void submit(event)}>
        {error && <FormError>{error}</FormError>}
        {Object.keys(wrong).length > 0 && <FormError>{Object.values(wrong).join(" ")}</FormError>}
        <Field
          label={texts.name}
          error={wrong.name}
          input={{ name: "name", autocomplete: "name", required: true, maxLength: 100 }}
        />
        <Field
          label={texts.email}
          error={wrong.email}
          input={{ name: "email", type: "email", autocomplete: "username", required: true, maxLength: 254 }}
        />
        <Field
          label={texts.password}
          hint={texts.passwordHint}
          error={wrong.password}
          input={{
            name: "password",
            type: "password",
            autocomplete: "new-password",
            required: true,
            minLength: 8,
            maxLength: 128,
          }}
        />
        <button type="submit" class="button" aria-disabled={busy}>
          {texts.signUp}
        </button>
      </form>
      <p>
        {texts.haveAccount} <a href={`/login?next=${encodeURIComponent(next)}`}>{texts.logIn}</a>
      </p>
    </section>
  );
}

function wrongFields({ problem }: ApiError, sentences: Required<Fields>): Fields {
  const errors = (problem.errors ?? []) as readonly { readonly path: keyof Fields }[];
  return Object.fromEntries(errors.map(({ path }) => [path, sentences[path]]));
}
