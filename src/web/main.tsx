/** The fans' pages. This file and what it imports is all that every page loads; the rest comes page by page. */
import { render } from "preact";
import { Frame } from "./app/frame.tsx";
import { followLinks, matchRoute, type PageRoute } from "./app/router.ts";
import "./styles/base.css";

/** The same paths as in src/pages/routes.ts, which serves them. */
const ROUTES: readonly PageRoute[] = [
  { path: "/", load: () => import("./pages/events.tsx") },
  { path: "/events/:id", load: () => import("./pages/event.tsx") },
  { path: "/performances/:id/seats", load: () => import("./seats/page.tsx") },
  { path: "/checkout/:id", load: () => import("./checkout/page.tsx") },
  { path: "/tickets", load: () => import("./tickets/page.tsx") },
  { path: "/queues/:id", load: () => import("./queue/page.tsx") },
  { path: "/queues/:id/draw", load: () => import("./draw-check/page.tsx") },
  { path: "/login", load: () => import("./pages/login.tsx") },
  { path: "/signup", load: () => import("./pages/signup.tsx") },
];

followLinks((pathname) => matchRoute(ROUTES, pathname) !== null);
const root = document.getElementById("app") as HTMLElement;
root.replaceChildren();
render(<Frame routes={ROUTES} />, root);
