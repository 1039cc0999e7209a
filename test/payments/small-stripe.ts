/** Stripe as far as a charge sees it, with a memory: intents, their confirmation, and idempotency keys. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface SmallIntent {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly paymentMethod: string;
  readonly metadata: { readonly paymentId: string };
  status: string;
  failed: boolean;
}

export interface SmallStripe {
  readonly port: number;
  readonly intents: SmallIntent[];
  readonly refunds: { id: string; intent: string; status: string }[];
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

/** The payment method says how it goes: pm_ok, pm_declined, pm_processing, pm_lost, pm_never_confirmed. */
export async function openSmallStripe(): Promise<SmallStripe> {
  const intents: SmallIntent[] = [];
  const refunds: SmallStripe["refunds"] = [];
  const replies = new Map<string, Reply>();

  const view = ({ failed, paymentMethod, ...intent }: SmallIntent) => ({
    object: "payment_intent",
    ...intent,
    payment_method: paymentMethod,
    last_payment_error: failed ? { type: "card_error", code: "card_declined" } : null,
  });
  const refusal = (status: number, type: string, code: string): Reply => ({
    status,
    body: { error: { type, code, message: code } },
  });

  function confirm(intent: SmallIntent): Reply {
    if (intent.status !== "requires_confirmation")
      return refusal(400, "invalid_request_error", "payment_intent_unexpected_state");
    if (intent.paymentMethod === "pm_declined") {
      intent.status = "requires_payment_method";
      intent.failed = true;
      return refusal(402, "card_error", "card_declined");
    }
    intent.status = intent.paymentMethod === "pm_processing" ? "processing" : "succeeded";
    return { status: 200, body: view(intent) };
  }

  function answer(method: string, path: string, form: URLSearchParams): Reply {
    const [, , resource, id, verb] = path.split("/");
    if (resource === "refunds" && method === "POST") {
      const intent = form.get("payment_intent") as string;
      if (refunds.some((one) => one.intent === intent))
        return refusal(400, "invalid_request_error", "charge_already_refunded");
      const refund = { id: `re_${refunds.length + 1}`, intent, status: "succeeded" };
      refunds.push(refund);
      return { status: 200, body: { object: "refund", ...refund } };
    }
    if (resource === "payment_intents" && !id) {
      const intent: SmallIntent = {
        id: `pi_${intents.length + 1}`,
        amount: Number(form.get("amount")),
        currency: form.get("currency") as string,
        paymentMethod: form.get("payment_method") as string,
        metadata: { paymentId: form.get("metadata[paymentId]") as string },
        status: "requires_confirmation",
        failed: false,
      };
      intents.push(intent);
      return { status: 200, body: view(intent) };
    }
    const intent = intents.find((one) => one.id === id);
    if (!intent) return refusal(404, "invalid_request_error", "resource_missing");
    if (verb === "confirm") return confirm(intent);
    if (verb === "cancel") {
      if (["succeeded", "canceled"].includes(intent.status))
        return refusal(400, "invalid_request_error", "payment_intent_unexpected_state");
      intent.status = "canceled";
    }
    return { status: 200, body: view(intent) };
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "" } = request;
    const path = url.split("?", 1)[0] ?? "";
    const card = intents.find(({ id }) => path.includes(`/${id}/confirm`))?.paymentMethod;
    if (card === "pm_never_confirmed") return void request.socket.destroy();
    const key = request.headers["idempotency-key"] as string | undefined;
    const reply =
      (key && replies.get(key)) ||
      answer(method, path, new URLSearchParams(Buffer.concat(chunks).toString()));
    if (key) replies.set(key, reply);
    if (card === "pm_lost") return void request.socket.destroy();
    response.writeHead(reply.status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(reply.body));
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    intents,
    refunds,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
