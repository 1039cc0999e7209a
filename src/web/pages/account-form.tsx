/** The parts that the login and the sign-up form have in common. */
import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useEffect, useRef } from "preact/hooks";

export interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly error?: string;
  readonly input: InputHTMLAttributes<HTMLInputElement> & { readonly name: string };
}

export function Field({ label, hint, error, input }: FieldProps) {
  const notes = [hint && `${input.name}-hint`, error && `${input.name}-error`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={input.name}>{label}</label>
      <input
        {...input}
        id={input.name}
        aria-describedby={notes || undefined}
        aria-invalid={error ? "true" : undefined}
      />
      {hint && (
        <p class="muted" id={`${input.name}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${input.name}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** What is wrong with the form as a whole; it takes the focus, so that it is heard. */
export function FormError({ children }: { readonly children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [children]);
  return (
    <div class="notice problem" role="alert" tabIndex={-1} ref={box}>
      {children}
    </div>
  );
}

/** Where to go afterwards: a path of ours, whatever the address bar says. */
export function nextOf(query: URLSearchParams): string {
  const next = query.get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}

export function valuesOf(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
}
