/**
 * Amounts in Stripe's smallest unit. It is ISO 4217's minor unit, as ours, but for a few currencies whose decimals
 * Stripe counts otherwise.
 */
const DECIMALS_MORE: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: -2 };

/** @throws Error for an amount that Stripe can't take. */
export function toStripeAmount(amount: number, currency: string): number {
  const converted = amount * 10 ** (DECIMALS_MORE[currency] ?? 0);
  if (!Number.isSafeInteger(converted)) throw new Error(`${amount} ${currency} is no amount at Stripe`);
  return converted;
}
