/** The routes that no room owns: health, metrics, documentation. */
import type { Router } from "express";
import type { Registry } from "prom-client";
import type { Logger } from "../logger.ts";
import type { Availability } from "./availability.ts";
import { documentRoutes, pageRoutes } from "./docs.ts";
import { healthRoutes, mountOpenly } from "./health.ts";
import { createOpenApiDocument, type OpenApiDocument, type RouteGroup, type StreamDoc } from "./openapi.ts";

export interface SystemOptions {
  readonly log: Logger;
  readonly availability: Availability;
  /** The version of the program. */
  readonly version: string;
  /** The rooms' routes, for the document; they are mounted elsewhere. */
  readonly groups: readonly RouteGroup[];
  readonly streams?: readonly StreamDoc[];
  /** Null where `/metrics` must be 404: in production, which has them on a port of their own. */
  readonly registry: Registry | null;
  readonly isDraining?: () => boolean;
}

/**
 * Adds `/healthz`, `/readyz`, `/metrics`, `/openapi.json`, `/api/v1/openapi.json`, `/docs` and `/docs/errors` to the
 * application's own router.
 * @returns the document that describes them and the rooms' routes.
 */
export function mountSystemRoutes(router: Router, options: SystemOptions): OpenApiDocument {
  const { log, version, groups, streams } = options;
  const own = [...healthRoutes(options), ...documentRoutes(() => JSON.stringify(document))];
  const document: OpenApiDocument = createOpenApiDocument({
    version,
    groups: [...groups, { basePath: "", routes: own, reachesStores: false }],
    streams,
  });
  mountOpenly(router, [...own, ...pageRoutes()], log);
  return document;
}
