/**
 * Refresh tokens: `<sessionId>.<generation>.<mac>`, carried in a cookie that scripts and other sites can't use.
 *
 * The MAC makes a token a function of its session and number. So nothing about a token is stored, and who presents
 * the one just replaced can be given the very same successor again.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { parseCookie, stringifySetCookie } from "cookie";

export const REFRESH_COOKIE = "fastpass_refresh";
const COOKIE_PATH = "/api/v1/auth";

const FORM =
  /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(0|[1-9]\d{0,8})\.([A-Za-z0-9_-]{43})$/;

export interface RefreshToken {
  readonly sessionId: string;
  /** 0 at login, one more at each refresh. */
  readonly generation: number;
}

export interface RefreshTokens {
  /** @returns the `Set-Cookie` value. */
  toCookie(token: RefreshToken, maxAgeSeconds: number): string;
  /** A `Set-Cookie` value that removes the cookie. */
  readonly removal: string;
  /** @returns the token in a `Cookie` header, or null when there is none that we made. */
  fromCookies(header: string | undefined): RefreshToken | null;
}

/** @param secure whether browsers may send the cookie over HTTPS only. */
export function createRefreshTokens(key: KeyObject, secure: boolean): RefreshTokens {
  const mac = (text: string) => createHmac("sha256", key).update(text).digest();
  const attributes = { httpOnly: true, sameSite: "strict", path: COOKIE_PATH, secure } as const;
  return {
    toCookie({ sessionId, generation }, maxAgeSeconds) {
      const text = `${sessionId}.${generation}`;
      const value = `${text}.${mac(text).toString("base64url")}`;
      return stringifySetCookie({
        name: REFRESH_COOKIE,
        value,
        maxAge: Math.max(0, Math.floor(maxAgeSeconds)),
        ...attributes,
      });
    },
    removal: stringifySetCookie({ name: REFRESH_COOKIE, value: "", maxAge: 0, ...attributes }),
    fromCookies(header) {
      const match = FORM.exec(parseCookie(header ?? "")[REFRESH_COOKIE] ?? "");
      if (!match) return null;
      const [, sessionId = "", generation = "", given = ""] = match;
      if (!timingSafeEqual(mac(`${sessionId}.${generation}`), Buffer.from(given, "base64url"))) return null;
      return { sessionId, generation: Number(generation) };
    },
  };
}
