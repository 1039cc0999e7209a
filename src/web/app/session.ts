/**
 * Who is logged in, as far as this browser remembers.
 *
 * Only a name is kept in storage, as a hint: it spares a visitor who never logged in a call that must fail, and shows
 * the name at once. What counts is the refresh cookie. Other tabs follow a login and a logout.
 */
import { createStore } from "./store.ts";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}

export type Session =
  /** Not asked yet: a call will tell. */
  | { readonly status: "unknown"; readonly user: null }
  | { readonly status: "in"; readonly user: User }
  | { readonly status: "out"; readonly user: null };

const KEY = "fastpass.user";
const OUT: Session = { status: "out", user: null };

function remembered(): Session {
  try {
    const text = localStorage.getItem(KEY);
    if (text === null) return OUT;
    return { status: "in", user: JSON.parse(text) as User };
  } catch {
    // Storage is forbidden here, or what it holds is not ours; the cookie may still be good.
    return { status: "unknown", user: null };
  }
}

export const session = createStore<Session>(remembered());

export function rememberUser({ id, name, role }: User): void {
  const user = { id, name, role };
  session.set({ status: "in", user });
  try {
    localStorage.setItem(KEY, JSON.stringify(user));
  } catch {
    // The page works without; the next one asks the cookie.
  }
}

export function forgetUser(): void {
  session.set(OUT);
  try {
    localStorage.removeItem(KEY);
  } catch {
    // Nothing was kept either.
  }
}

addEventListener("storage", ({ key }) => {
  if (key === KEY || key === null) session.set(remembered());
});
