/**
 * The pages that fans use, as a gateway serves them: HTML around the script of src/web, and its files.
 *
 * The room owns no data. It asks the other rooms through ports, and it is absent where the pages were not built.
 */
import type { PublicRoute } from "../platform/http/route.ts";
import { type BuiltPages, readBuiltPages } from "./built.ts";
import { createEventLookup, type EventReads } from "./events.ts";
import { pageRoutes } from "./routes.ts";

export type { BuiltPages } from "./built.ts";
export { readBuiltPages };

export interface PagesDeps {
  readonly built: BuiltPages;
  readonly catalog: EventReads;
}

export function createPages({ built, catalog }: PagesDeps): { readonly routes: readonly PublicRoute[] } {
  return { routes: pageRoutes({ built, findEvent: createEventLookup(catalog) }) };
}
