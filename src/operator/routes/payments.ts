/** Money that wants an eye on it. */
import { cutPage, startOf } from "../../platform/http/paging.ts";
import type { AuthenticatedContext, Route } from "../../platform/http/route.ts";
import { type Page, pageOf } from "../../platform/http/schemas.ts";
import type { ListedPayment, PaymentFilter, PaymentsPort } from "../ports.ts";
import { listedPayment, paymentsQuery } from "../schemas.ts";
import { TAG } from "./context.ts";

type PaymentsContext = AuthenticatedContext<unknown, Page & { status?: PaymentFilter }>;

export function paymentRoutes(payments: Pick<PaymentsPort, "listPayments">): Route[] {
  return [
    {
      method: "get",
      path: "/operator/payments",
      operationId: "listPayments",
      tag: TAG,
      summary: "Payments: undecided, too late, on their way back",
      description: "Newest first.",
      access: "operator",
      query: paymentsQuery,
      responses: { 200: { description: "A page of payments.", schema: pageOf(listedPayment) } },
      errors: [],
      async handler({ query }: PaymentsContext) {
        const { limit, status = null } = query;
        const found = await payments.listPayments({ status, before: startOf(query), limit: limit + 1 });
        const { items, nextCursor } = cutPage(found, limit);
        return {
          status: 200,
          headers: { "Cache-Control": "no-store" },
          body: { items: items.map(toView), nextCursor },
        };
      },
    },
  ];
}

function toView({ startedAt, settledAt, ...rest }: ListedPayment): object {
  return { ...rest, startedAt: startedAt.toISOString(), settledAt: settledAt?.toISOString() ?? null };
}
