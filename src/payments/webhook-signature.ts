/** `FastPass-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of t + "." + raw body>`. */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";

/** How far a webhook's time may be from ours: an older one may be a recording. */
export const TOLERANCE_SECONDS = 300;

export type SignatureCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "WEBHOOK_SIGNATURE_INVALID" | "WEBHOOK_STALE" };

export function signWebhook(key: KeyObject, rawBody: Buffer | string, unixSeconds: number): string {
  return `t=${unixSeconds},v1=${macOf(key, String(unixSeconds), rawBody).toString("hex")}`;
}

/** Several `v1` may stand in the header while keys change; one that matches is enough. */
export function checkSignature(
  key: KeyObject,
  header: unknown,
  rawBody: Buffer,
  nowMs = Date.now(),
): SignatureCheck {
  const { time, macs } = parse(header);
  const expected = macOf(key, time, rawBody);
  const matches = macs.some((mac) => mac.length === expected.length && timingSafeEqual(mac, expected));
  if (!/^\d{1,12}$/.test(time) || !matches) return { ok: false, reason: "WEBHOOK_SIGNATURE_INVALID" };
  if (Math.abs(nowMs / 1_000 - Number(time)) > TOLERANCE_SECONDS)
    return { ok: false, reason: "WEBHOOK_STALE" };
  return { ok: true };
}

function macOf(key: KeyObject, time: string, rawBody: Buffer | string): Buffer {
  return createHmac("sha256", key).update(`${time}.`).update(rawBody).digest();
}

function parse(header: unknown): { time: string; macs: Buffer[] } {
  const parts = typeof header === "string" ? header.split(",").map((part) => part.trim()) : [];
  const valuesOf = (name: string) =>
    parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
  const macs = valuesOf("v1").filter((hex) => /^[0-9a-f]{64}$/i.test(hex));
  return { time: valuesOf("t")[0] ?? "", macs: macs.map((hex) => Buffer.from(hex, "hex")) };
}
