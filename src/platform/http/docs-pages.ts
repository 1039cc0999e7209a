/** The documentation's two HTML pages. */
import { ERRORS } from "../errors.ts";

/** Swagger UI over the OpenAPI document. @param version of the files it loads. */
export function docsPage(version: string): string {
  const from = `/docs/assets/${version}`;
  return frame({
    title: "Fast Pass API",
    head: [
      `<link rel="stylesheet" href="${from}/swagger-ui.css">`,
      `<script src="${from}/swagger-ui-bundle.js" defer></script>`,
      `<script src="${from}/start.js" defer></script>`,
    ],
    from,
    body: `<div id="swagger-ui"></div>
<noscript><p class="page">This page needs JavaScript. Without it, read <a href="/openapi.json">the OpenAPI document</a> and <a href="/docs/errors">the list of errors</a>.</p></noscript>`,
  });
}

/** Every code with an anchor of its name, which is where the \`type\` of a problem points. */
export function errorsPage(version: string): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title, retryable }]) =>
      `<tr id="${code}"><td><a href="#${code}"><code>${code}</code></a></td><td>${status}</td><td>${escapeHtml(title)}</td><td>${retryable ? "may succeed later" : "will fail again"}</td></tr>`,
  );
  return frame({
    title: "Fast Pass: errors",
    head: [],
    from: `/docs/assets/${version}`,
    body: `<main class="page">
<h1>Errors</h1>
<p>Every error is an <a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457</a> problem: <code>application/problem+json</code> with <code>type</code>, <code>title</code>, <code>status</code>, <code>detail</code>, <code>instance</code>, and <code>code</code>, <code>retryable</code> and <code>requestId</code>. Programs go by <code>code</code>. Answers with 429 and 503 say in <code>Retry-After</code> how long to wait. See also <a href="/docs">the API</a>.</p>
<table>
<thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>The same request again</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
</main>`,
  });
}

interface Frame {
  readonly title: string;
  readonly head: readonly string[];
  readonly from: string;
  readonly body: string;
}

function frame({ title, head, from, body }: Frame): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" type="image/png" href="${from}/favicon-32x32.png">
<link rel="stylesheet" href="${from}/docs.css">
${head.join("\n")}
</head>
<body>
${body}
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
