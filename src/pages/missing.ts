/** What a browser shows at an address that there is not. */
import type { Request } from "express";
import type { Problem } from "../platform/errors.ts";
import type { Reply } from "../platform/http/route.ts";
import type { BuiltPages } from "./built.ts";
import { plainFrame, problemPage } from "./plain/page.ts";
import { languageOf } from "./plain/routes.ts";
import { shell } from "./shell.ts";

const OF_PROGRAMS = /^\/(?:api|ws|\.well-known)(?:\/|$)/i;
const PLAIN = /^\/plain(?:\/|$)/;

/** @returns null for a program, and where only programs ask. */
export function missingPage(built: BuiltPages): (problem: Problem, request: Request) => Reply | null {
  const show = plainFrame(built);
  return (problem, request) => {
    const isAddress = request.method === "GET" || request.method === "HEAD";
    if (!isAddress || OF_PROGRAMS.test(request.path)) return null;
    if (request.accepts(["json", "html"]) !== "html") return null;
    const language = languageOf(request.headers);
    if (PLAIN.test(request.path)) return problemPage(show, problem, language, "/plain");
    // The script knows all its addresses, and says that this is none.
    return shell({ built, source: "main.tsx", language, event: null, plain: "/plain", status: 404 });
  };
}
