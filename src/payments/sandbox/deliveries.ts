/** The sandbox's clock and postman: charges settle when their time comes, and their webhooks are delivered until answered 2xx. */
import type { KeyObject } from "node:crypto";
import type { Logger } from "../../platform/logger.ts";
import type { Database } from "../../platform/postgres.ts";
import { signWebhook } from "../webhook-signature.ts";
import { createSandboxStore, type DueWebhook } from "./store.ts";

export interface SandboxDeliveries {
  /** One round over what is due. @returns how many webhooks were tried. */
  deliver(limit: number): Promise<number>;
}

export interface SandboxDeliveriesDeps {
  readonly db: Database;
  readonly log: Logger;
  readonly webhookKey: KeyObject;
  /** Where a gateway takes webhooks, ending in `/api/v1/payments/webhooks/sandbox`; null while none is known. */
  webhookUrl(): string | null;
}

const TIMEOUT_MS = 5_000;

export function createSandboxDeliveries({
  db,
  log,
  webhookKey,
  webhookUrl,
}: SandboxDeliveriesDeps): SandboxDeliveries {
  const books = createSandboxStore(db);

  async function post(url: string, { eventId, type, paymentId }: DueWebhook): Promise<void> {
    const body = JSON.stringify({ id: eventId, type, data: { paymentId } });
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "FastPass-Signature": signWebhook(webhookKey, body, Math.floor(Date.now() / 1_000)),
        },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.arrayBuffer(); // frees the connection
      if (response.ok) await books.delivered(eventId);
      else log.warn("webhook refused", { eventId, status: response.status });
    } catch (fault) {
      log.warn("webhook not delivered", { eventId, fault: (fault as Error).message });
    }
  }

  return {
    async deliver(limit) {
      await books.settleDue(null, limit);
      const url = webhookUrl();
      if (url === null) return 0;
      const due = await books.claimWebhooks(limit);
      await Promise.all(due.map((webhook) => post(url, webhook)));
      return due.length;
    },
  };
}
