/** The audit log, and tokens for the live figures. */
import { cutPage, startOf } from "../../platform/http/paging.ts";
import type { AuthenticatedContext, Route } from "../../platform/http/route.ts";
import { type Page, pageOf } from "../../platform/http/schemas.ts";
import type { AuditLog, AuditRecord } from "../audit.ts";
import type { AuthPort } from "../ports.ts";
import { auditQuery, auditRecord, streamToken } from "../schemas.ts";
import { TAG } from "./context.ts";

type AuditContext = AuthenticatedContext<unknown, Page & { subjectId?: string }>;

export function recordRoutes(audit: AuditLog, auth: Pick<AuthPort, "issueStreamToken">): Route[] {
  return [
    {
      method: "get",
      path: "/operator/audit",
      operationId: "listAudit",
      tag: TAG,
      summary: "Who changed what, when, from what to what",
      description: "Newest first.",
      access: "operator",
      query: auditQuery,
      responses: { 200: { description: "A page of entries.", schema: pageOf(auditRecord) } },
      errors: [],
      async handler({ query }: AuditContext) {
        const { limit, subjectId } = query;
        const records = await audit.list({ limit: limit + 1, beforeId: startOf(query), subjectId });
        const { items, nextCursor } = cutPage(records, limit);
        return {
          status: 200,
          headers: { "Cache-Control": "no-store" },
          body: { items: items.map(toView), nextCursor },
        };
      },
    },
    {
      method: "post",
      path: "/operator/stream-tokens",
      operationId: "createStreamToken",
      tag: TAG,
      summary: "A token for the live figures",
      description: "Opens `WS /ws/v1/operator/queues/{id}` within 60 seconds.",
      access: "operator",
      responses: { 201: { description: "The token.", schema: streamToken } },
      errors: [],
      handler: ({ principal }) => ({
        status: 201,
        headers: { "Cache-Control": "no-store" },
        body: auth.issueStreamToken(principal),
      }),
    },
  ];
}

function toView({ at, ...record }: AuditRecord) {
  return { ...record, at: at.toISOString() };
}
