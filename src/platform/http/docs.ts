/**
 * The documentation as it is served: the OpenAPI document, Swagger UI to read it, and the catalogue of errors.
 *
 * Nothing comes from elsewhere: Swagger UI is read from its npm package, and the pages' own Content-Security-Policy
 * lets them load from this origin alone and run no inline script. Files carry a version in their path and may be
 * cached for a year.
 */
import { createHash } from "node:crypto";
import Joi from "joi";
import { Problem } from "../errors.ts";
import { assetsFor, type DocsAsset } from "./docs-assets.ts";
import { docsPage, errorsPage } from "./docs-pages.ts";
import { matchesEtag } from "./etag.ts";
import type { Reply, RequestContext, Route } from "./route.ts";

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Swagger UI's style sheet has its icons in it.
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const A_YEAR = "public, max-age=31536000, immutable";
const TAG = "System";
const anyQuery = Joi.object().unknown();

/** The document itself, under both of its addresses. @param json called at the first request. */
export function documentRoutes(json: () => string): Route[] {
  const document = once(() => {
    const body = json();
    return { body, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
  });
  const route = (path: string, operationId: string): Route => ({
    method: "get",
    path,
    operationId,
    tag: TAG,
    summary: "This document",
    access: "public",
    query: anyQuery,
    requestHeaders: Joi.object({ "if-none-match": Joi.string() }),
    responses: {
      200: {
        description: "OpenAPI 3.1.",
        schema: Joi.object().unknown(),
        headers: { ETag: "of these bytes" },
      },
      304: { description: "The copy named by If-None-Match is the current one." },
    },
    errors: [],
    handler({ headers }) {
      const { body, etag } = document();
      const caching = { ETag: etag, "Cache-Control": "no-cache" };
      if (matchesEtag(headers["if-none-match"], etag)) return { status: 304, headers: caching };
      return {
        status: 200,
        headers: { ...caching, "Content-Type": "application/json; charset=utf-8" },
        body,
      };
    },
  });
  return [route("/openapi.json", "getOpenApi"), route("/api/v1/openapi.json", "getOpenApiOfVersion1")];
}

/** The pages for people; they are no part of the API and stand in no document. */
export function pageRoutes(): Route[] {
  const assets = assetsFor();
  const page = (path: string, operationId: string, summary: string, html: string): Route => ({
    method: "get",
    path,
    operationId,
    tag: TAG,
    summary,
    access: "public",
    query: anyQuery,
    responses: { 200: { description: "A page.", schema: Joi.string(), contentType: "text/html" } },
    errors: [],
    handler: () => toPage(html),
  });
  return [
    page("/docs", "getDocs", "The API, to read and to try", docsPage(assets.version)),
    page("/docs/errors", "getErrors", "Every error code", errorsPage(assets.version)),
    {
      method: "get",
      path: "/docs/assets/:version/:file",
      operationId: "getDocsAsset",
      tag: TAG,
      summary: "A file of these pages",
      access: "public",
      params: Joi.object({ version: Joi.string().required(), file: Joi.string().required() }),
      query: anyQuery,
      responses: { 200: { description: "The file." } },
      errors: ["NOT_FOUND"],
      async handler({ params, req }: RequestContext<{ version: string; file: string }>) {
        const asset = assets.files.get(params.file);
        if (!asset) throw new Problem("NOT_FOUND");
        // While versions are exchanged, a page of one may ask a server of the other; that answer is not kept.
        const caching = params.version === assets.version ? A_YEAR : "no-store";
        return toFile(asset, caching, req.acceptsEncodings("gzip") === "gzip");
      },
    },
  ];
}

function toPage(html: string): Reply {
  return {
    status: 200,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": PAGE_POLICY,
      "Cache-Control": "no-cache",
    },
    body: html,
  };
}

async function toFile(asset: DocsAsset, caching: string, packed: boolean): Promise<Reply> {
  const bytes = await asset.load();
  return {
    status: 200,
    headers: {
      "Content-Type": asset.type,
      "Cache-Control": caching,
      Vary: "Accept-Encoding",
      ...(packed ? { "Content-Encoding": "gzip" } : {}),
    },
    body: packed ? bytes.gzip : bytes.plain,
  };
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
