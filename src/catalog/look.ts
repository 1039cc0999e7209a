/**
 * How an event's pages look: a colour, a logo, and its texts in each language.
 *
 * What a logo is, its bytes say: a file that is called an image and is none would be served from our own origin.
 */
import { createHash } from "node:crypto";
import type { FieldError } from "../platform/errors.ts";

export const MAX_LOGO_BYTES = 32 * 1024;
export const LOGO_TYPES = ["image/png", "image/jpeg", "image/webp"] as const;
export type LogoType = (typeof LOGO_TYPES)[number];

export interface EventTexts {
  readonly title?: string;
  readonly venue?: string;
  readonly description?: string;
  /** What the organiser says to those who wait. */
  readonly waiting?: string;
}

export interface LookRequest {
  /** `#rrggbb` */
  readonly accent?: string;
  /** IANA name of the place; the times of performances are told in it. */
  readonly timeZone?: string;
  readonly texts?: { readonly ko?: EventTexts; readonly en?: EventTexts };
  /** Absent: as it was. Null: none. */
  readonly logo?: { readonly type: LogoType; readonly base64: string } | null;
}

/** As it is kept beside the event. */
export interface StoredLook {
  readonly accent: string | null;
  readonly timeZone: string | null;
  readonly texts: { readonly ko?: EventTexts; readonly en?: EventTexts };
  /** Of the logo's bytes; null when there is none. */
  readonly logo: string | null;
}

export interface LookView extends Omit<StoredLook, "logo"> {
  readonly logoUrl: string | null;
}

export interface Logo {
  readonly type: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** What is wrong with a look beyond the form of its fields. */
export function checkLook({ logo, timeZone }: LookRequest): FieldError[] {
  const errors: FieldError[] = [];
  if (timeZone !== undefined && !isTimeZone(timeZone))
    errors.push({ path: "timeZone", message: `timeZone must be an IANA name such as Asia/Seoul` });
  if (!logo) return errors;
  const bytes = Buffer.from(logo.base64, "base64");
  if (bytes.length > MAX_LOGO_BYTES)
    errors.push({ path: "logo.base64", message: `the logo must have at most ${MAX_LOGO_BYTES} bytes` });
  else if (!hasType(bytes, logo.type))
    errors.push({ path: "logo.base64", message: `the logo's bytes must be ${logo.type}` });
  return errors;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function hasType(bytes: Buffer, type: LogoType): boolean {
  if (type === "image/png") return bytes.subarray(0, 8).equals(Buffer.from("89504e470d0a1a0a", "hex"));
  if (type === "image/jpeg") return bytes.subarray(0, 3).equals(Buffer.from("ffd8ff", "hex"));
  return bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP";
}

export function readLogo({ type, base64 }: NonNullable<LookRequest["logo"]>): Logo {
  const bytes = Buffer.from(base64, "base64");
  return { type, bytes, digest: createHash("sha256").update(bytes).digest("hex").slice(0, 16) };
}

export function toLookView(eventId: string, look: StoredLook | null): LookView | null {
  if (!look) return null;
  const { logo, ...rest } = look;
  return { ...rest, logoUrl: logo && `/api/v1/events/${eventId}/logo?version=${logo}` };
}
