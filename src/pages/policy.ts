/** What the pages may load and do: from here only, nothing inline but the event's colours, which are named by hash. */
import { createHash } from "node:crypto";

export interface PolicyOptions {
  /** A style sheet that stands in the page. */
  readonly inlineStyle?: string | null;
}

export function pagePolicy({ inlineStyle }: PolicyOptions): string {
  const style = inlineStyle ? ` 'sha256-${createHash("sha256").update(inlineStyle).digest("base64")}'` : "";
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${style}`,
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}
