/**
 * Which page an address shows. Pages are loaded when they are first needed, so that nobody who waits in a line loads the
 * seat map. Links are plain links; clicks on those to our own pages are answered without loading a document anew.
 */
import type { ComponentType } from "preact";
import { createStore } from "./store.ts";

export interface PageProps {
  /** The named parts of the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

export interface PageModule {
  readonly default: ComponentType<PageProps>;
}

export interface PageRoute {
  /** Such as `/events/:id`. */
  readonly path: string;
  load(): Promise<PageModule>;
}

export interface Place {
  readonly pathname: string;
  readonly search: string;
}

const here = (): Place => ({ pathname: location.pathname, search: location.search });

export const place = createStore<Place>(here());

/** @param address a path of ours, with its query. */
export function navigate(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  place.set(here());
  scrollTo(0, 0);
}

export function matchRoute<R extends PageRoute>(
  routes: readonly R[],
  pathname: string,
): { readonly route: R; readonly params: Record<string, string> } | null {
  const parts = pathname.split("/").filter(Boolean);
  for (const route of routes) {
    const wanted = route.path.split("/").filter(Boolean);
    if (wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((part, index) => {
      const given = parts[index] as string;
      if (!part.startsWith(":")) return part === given;
      params[part.slice(1)] = given;
      return true;
    });
    if (fits) return { route, params };
  }
  return null;
}

/** Answers back, forward and clicks on links. @param isOurs whether a path is one of these pages. */
export function followLinks(isOurs: (pathname: string) => boolean): void {
  addEventListener("popstate", () => place.set(here()));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link?.href || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !isOurs(url.pathname)) return;
    // A jump within the page is the browser's own business.
    if (url.hash && url.pathname === location.pathname && url.search === location.search) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  });
}
