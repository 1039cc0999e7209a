/**
 * The pages that fans use, as a gateway serves them: HTML around the script of src/web and its files, and below `/plain`
 * the same without script.
 *
 * The room owns no data. It asks the other rooms through ports, and it is absent where the pages were not built.
 */
import type { PublicRoute } from "../platform/http/route.ts";
import { readBuiltPages } from "./built.ts";
import { createEventLookup, type EventReads } from "./events.ts";
import { missingPage } from "./missing.ts";
import type { PlainDeps } from "./plain/ports.ts";
import { plainRoutes } from "./plain/routes.ts";
import { pageRoutes } from "./routes.ts";

export type { BuiltPages } from "./built.ts";
export { readBuiltPages };

export interface PagesDeps extends Pick<PlainDeps, "built" | "queue" | "sessions"> {
  readonly catalog: EventReads;
}

export function createPages({ built, catalog, queue, sessions }: PagesDeps): {
  readonly routes: readonly PublicRoute[];
  readonly showMissing: ReturnType<typeof missingPage>;
} {
  const findEvent = createEventLookup(catalog);
  const listEvents = (limit: number) => catalog.events(limit, null);
  return {
    routes: [
      ...pageRoutes({ built, findEvent }),
      ...plainRoutes({ built, findEvent, listEvents, queue, sessions }),
    ],
    showMissing: missingPage(built),
  };
}
