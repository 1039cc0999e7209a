/** Login, sign-up and logout without script. */

import type { PageLogin } from "../../auth/index.ts";
import { ERRORS, Problem } from "../../platform/errors.ts";
import { accountTexts, type Language } from "../../presentation/index.ts";
import { type Html, html } from "../html.ts";
import { ownPath } from "./forms.ts";
import { type ShowPlain, seeOther } from "./page.ts";
import type { PlainDeps } from "./ports.ts";
import type { PlainRoute, Visit } from "./routes.ts";

type Refusal = Extract<PageLogin, { readonly ok: false }>;

export function accountPages({ sessions }: PlainDeps, show: ShowPlain): PlainRoute[] {
  const logInPage = (visit: Visit, refusal?: Refusal) =>
    show({
      language: visit.language,
      title: accountTexts[visit.language].logInTitle,
      path: "/plain/login",
      isLoggedIn: false,
      status: refusal ? ERRORS[refusal.reason].status : 200,
      body: logInForm(visit, refusal),
    });
  const signUpPage = (visit: Visit, refusal?: Refusal) =>
    show({
      language: visit.language,
      title: accountTexts[visit.language].signUpTitle,
      path: "/plain/signup",
      isLoggedIn: false,
      status: refusal ? ERRORS[refusal.reason].status : 200,
      body: signUpForm(visit, refusal),
    });
  const answer = (
    visit: Visit,
    outcome: PageLogin,
    again: (visit: Visit, refusal: Refusal) => ReturnType<ShowPlain>,
  ) => {
    if (outcome.ok) return seeOther(ownPath(visit.form.next), [outcome.cookie]);
    if (outcome.reason === "RATE_LIMITED" || outcome.reason === "BUSY") throw new Problem(outcome.reason);
    return again(visit, outcome);
  };
  return [
    { method: "get", path: "/plain/login", handler: (visit) => logInPage(visit) },
    {
      method: "post",
      path: "/plain/login",
      limit: { name: "login", limit: 240, windowSeconds: 60, by: "address" },
      async handler(visit) {
        const { email = "", password = "", otp } = visit.form;
        const fields = { email, password, ...(otp ? { otp: otp.replaceAll(/[\s-]/g, "") } : {}) };
        return answer(visit, await sessions.logIn(fields, visit.address), logInPage);
      },
    },
    { method: "get", path: "/plain/signup", handler: (visit) => signUpPage(visit) },
    {
      method: "post",
      path: "/plain/signup",
      limit: { name: "signup", limit: 120, windowSeconds: 60, by: "address" },
      async handler(visit) {
        const { email = "", password = "", name = "" } = visit.form;
        return answer(visit, await sessions.signUp({ email, password, name }), signUpPage);
      },
    },
    {
      method: "post",
      path: "/plain/logout",
      handler: async ({ cookies }) => seeOther("/plain", [await sessions.logOut(cookies)]),
    },
  ];
}

const nextOf = ({ form, query }: Visit) => ownPath(form.next ?? query.next);

function logInForm(visit: Visit, refusal?: Refusal): Html {
  const texts = accountTexts[visit.language];
  const needsCode = refusal?.reason === "SECOND_FACTOR_REQUIRED" || visit.form.otp !== undefined;
  const complaint =
    refusal && (needsCode && visit.form.otp ? texts.badCode : sentenceOf(refusal, visit.language));
  return html`<section class="card narrow">
<h1>${texts.logInTitle}</h1>
<p class="muted">${texts.keepsPlace}</p>
<form method="post" action="/plain/login">
${complaint && html`<div class="notice problem" role="alert">${complaint}</div>`}
<input type="hidden" name="next" value="${nextOf(visit)}">
${field("email", texts.email, html`type="email" autocomplete="username" maxlength="254" value="${visit.form.email ?? ""}"`)}
${field("password", texts.password, html`type="password" autocomplete="current-password" maxlength="128"`)}
${needsCode && field("otp", texts.code, html`autocomplete="one-time-code" maxlength="20"`)}
<button class="button">${texts.logIn}</button>
</form>
<p>${texts.noAccount} <a href="/plain/signup?next=${encodeURIComponent(nextOf(visit))}">${texts.signUpTitle}</a></p>
</section>`;
}

function signUpForm(visit: Visit, refusal?: Refusal): Html {
  const texts = accountTexts[visit.language];
  return html`<section class="card narrow">
<h1>${texts.signUpTitle}</h1>
<p class="muted">${texts.keepsPlace}</p>
<form method="post" action="/plain/signup">
${refusal && html`<div class="notice problem" role="alert">${sentenceOf(refusal, visit.language)}</div>`}
<input type="hidden" name="next" value="${nextOf(visit)}">
${field("name", texts.name, html`autocomplete="name" maxlength="100" value="${visit.form.name ?? ""}"`)}
${field("email", texts.email, html`type="email" autocomplete="username" maxlength="254" value="${visit.form.email ?? ""}"`)}
${field("password", `${texts.password} (${texts.passwordHint})`, html`type="password" autocomplete="new-password" minlength="8" maxlength="128"`)}
<button class="button">${texts.signUp}</button>
</form>
<p>${texts.haveAccount} <a href="/plain/login?next=${encodeURIComponent(nextOf(visit))}">${texts.logIn}</a></p>
</section>`;
}

function field(name: string, label: string, attributes: Html): Html {
  return html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}" required ${attributes}></div>`;
}

function sentenceOf({ reason, field: wrong }: Refusal, language: Language): string {
  const texts = accountTexts[language];
  if (reason === "SECOND_FACTOR_REQUIRED") return texts.codeHint;
  if (reason === "EMAIL_TAKEN") return texts.emailTaken;
  if (reason === "VALIDATION_FAILED")
    return { email: texts.emailWrong, name: texts.nameWrong }[wrong ?? ""] ?? texts.passwordWrong;
  return texts.badCredentials;
}
