/** The room put together from its parts. */
import { startDeadline } from "../platform/deadline.ts";
import type { Route } from "../platform/http/route.ts";
import type { StatementOptions } from "../platform/statements.ts";
import { type Cancellations, createCancellations } from "./cancellations.ts";
import { DEFAULT_TIMING, type Parts, type PaymentsDeps } from "./parts.ts";
import { createPay, type PayOutcome, type PayRequest } from "./pay.ts";
import { createReconciliation, type Reconciliation } from "./reconciliation.ts";
import { createRefunds, type RefundOutcome, type RefundRequest } from "./refunds.ts";
import { createRoutes } from "./routes.ts";
import { createSettlement } from "./settlement.ts";
import { createStore, type ListedPayment, type PaymentFilter } from "./store.ts";
import { createWebhooks } from "./webhooks.ts";

export interface Payments extends Reconciliation {
  readonly routes: Route[];
  pay(request: PayRequest): Promise<PayOutcome>;
  refund(request: RefundRequest): Promise<RefundOutcome>;
  /** For operators; newest first, at most `limit`, from after `before`. @param status null: all of them. */
  listPayments(page: {
    status: PaymentFilter | null;
    before: string | null;
    limit: number;
  }): Promise<ListedPayment[]>;
  /** Performances that are called off. */
  readonly cancellations: Cancellations;
}

export function createPayments(deps: PaymentsDeps, options?: StatementOptions): Payments {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };
  const { db, log, reservations } = deps;
  const providers = new Map(
    [...deps.providers, ...(deps.retired ?? [])].map((provider) => [provider.name, provider]),
  );
  const parts: Parts = {
    db,
    log,
    reservations,
    metrics: deps.metrics.payments,
    timing,
    store: createStore(options),
    providerOf: (name) => providers.get(name),
    call: (ask) => withinTime(timing.callTimeoutMs, ask),
  };
  const settlement = createSettlement(parts);
  const room = {
    pay: createPay(parts, settlement),
    refund: createRefunds(parts),
    webhook: createWebhooks(parts, settlement),
    reconcile: createReconciliation(parts, settlement).reconcile,
    cancellations: createCancellations(parts),
    listPayments: (page: Parameters<Payments["listPayments"]>[0]) => parts.store.list(parts.db, page),
    async payment(id: string, userId: string) {
      const payment = await parts.store.read(parts.db, id);
      return payment?.userId === userId ? payment : null;
    },
  };
  return { ...room, routes: createRoutes(room, deps.providers) };
}

/** A provider that ignores the signal is not waited for either. */
function withinTime<T>(timeoutMs: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    const cancel = startDeadline(timeoutMs, () => {
      const fault = new Error(`no answer within ${timeoutMs} ms`);
      reject(fault);
      controller.abort(fault);
    });
    ask(controller.signal).then(resolve, reject).finally(cancel);
  });
}
